import { baseOf } from "../client/base.js";
import { problemOf, TaskError } from "../client/errors.js";
import { authorization } from "../client/requests.js";
import { forgetAll, remember, remembered } from "./memory.js";
import { standing } from "./standing.js";
import { subscribe } from "./subscribe.js";

/**
 * @typedef {object} NotifyOptions
 * @property {string | URL} [baseUrl] of the gateway, relative to the page; without it the one this was loaded from
 * @property {string} [token] of the task, or of the owner, where the gateway wants one
 * @property {string} [worker] the page's own service worker, which imports `taskbeam-sw.js`; the gateway's without it
 * @property {string} [page] where a click leads; `{task_id}` stands for the task. This page without it
 * @property {Record<string, string>} [words] what is said of each final state, such as `{SUCCESS: "Fertig"}`
 * @property {string} [lang] the language of the words; that of the page without it
 */

/**
 * Tell this device when a task has ended, whether or not its page is open. Call it where the user has pressed something:
 * the browser asks for permission, and does so only then.
 *
 * @param {string} taskId
 * @param {NotifyOptions | Promise<NotifyOptions>} [options]
 * @returns {Promise<void>} rejects with a `TaskError`, whose code may be `unsupported`, `install`, `denied`, `dismissed`,
 *   `timeout`, `failed`, or one of the gateway's
 */
export async function notify(taskId, options = {}) {
  await permitted();
  const { device, base } = await keep(`tasks/${encodeURIComponent(taskId)}/push`, await options, taskId);
  const { tasks, ...before } = remembered(base);
  // Of another user it is another device, which was told of nothing yet.
  const every = before.device === device && before.every;
  remember(base, { device, every, tasks: [...tasks.filter((known) => known !== taskId), taskId] });
}

/**
 * The same for all tasks of whoever asks: it takes an owner's token, or a login.
 *
 * @param {NotifyOptions | Promise<NotifyOptions>} [options]
 * @returns {Promise<void>}
 */
export async function notifyAll(options = {}) {
  await permitted();
  const { device, base } = await keep("push", await options);
  remember(base, { ...remembered(base), device, every: true });
}

/** What was asked of each gateway, by its address. @type {Map<string, Promise<boolean>>} */
const pushing = new Map();

/**
 * @param {NotifyOptions} [options]
 * @returns {Promise<boolean>} whether the gateway pushes; it is asked once
 */
export function pushes({ baseUrl } = {}) {
  const base = baseOf(baseUrl);
  const asked = pushing.get(base.href) ?? call(base, "GET", "push/key", {}).then(({ key }) => !!key, () => false);
  pushing.set(base.href, asked);
  return asked;
}

/**
 * @param {string} taskId
 * @param {NotifyOptions} [options]
 * @returns {boolean} whether this device asked to be told of the task
 */
export function isAsked(taskId, { baseUrl } = {}) {
  return remembered(baseOf(baseUrl)).tasks.includes(taskId);
}

/**
 * @param {NotifyOptions} [options]
 * @returns {boolean} whether this device asked to be told of all tasks of its owner
 */
export function isAskedForAll({ baseUrl } = {}) {
  return !!remembered(baseOf(baseUrl)).every;
}

/**
 * @param {NotifyOptions} [options]
 * @returns {string | undefined} by which name the gateway knows this device, as its list of devices has it
 */
export function thisDevice({ baseUrl } = {}) {
  return remembered(baseOf(baseUrl)).device;
}

/**
 * Do not tell this device of a task: its user does not want it any more, or has seen the end.
 *
 * @param {string} taskId
 * @param {NotifyOptions} [options]
 */
export async function withdraw(taskId, options = {}) {
  const base = baseOf(options.baseUrl);
  const { device, every, tasks } = remembered(base);
  remember(base, { device, every, tasks: tasks.filter((known) => known !== taskId) });
  if (device) await call(base, "DELETE", `tasks/${encodeURIComponent(taskId)}/push/${device}`, options);
}

/**
 * Tell this device nothing any more: before its user signs out, so that the next one is not told.
 *
 * @param {NotifyOptions} [options]
 */
export async function forget(options = {}) {
  const base = baseOf(options.baseUrl);
  const { device } = remembered(base);
  forgetAll(base);
  if (device) await call(base, "DELETE", `push/${device}`, options);
}

/** Safari asks its user only while a press is being handled, so this comes first. */
async function permitted() {
  const found = standing();
  if (found !== "off") throw new TaskError(found, `This browser cannot be told: ${found}.`);
  const permission = await Notification.requestPermission();
  if (permission === "granted") return;
  throw new TaskError(permission === "denied" ? "denied" : "dismissed", "Notifications are not allowed.");
}

/** @param {string} path @param {NotifyOptions} options @param {string} [taskId] */
async function keep(path, options, taskId) {
  const base = baseOf(options.baseUrl);
  const { key } = await call(base, "GET", "push/key", {});
  if (!key) throw new TaskError("unsupported", "The gateway does not push.");
  const registration = await registered(options.worker ?? trusted(new URL("taskbeam-sw.js", base)));
  const subscription = await subscribe(registration, key, !!remembered(base).device);
  const presentation = {
    page: new URL(options.page ?? pageOf(taskId), document.baseURI).href.replace("%7Btask_id%7D", "{task_id}"),
    lang: options.lang ?? (document.documentElement.lang || "en"),
    words: options.words ?? {},
  };
  const { device } = await call(base, "PUT", path, options, { subscription, presentation });
  return { device, base };
}

/** This page; where its address names the task, that of any other task is alike. @param {string} [taskId] */
function pageOf(taskId) {
  const { href } = location;
  return taskId ? href.replace(encodeURIComponent(taskId), "{task_id}") : href;
}

/** @type {any} */
let policy;

/**
 * The gateway's own worker, for a page with `require-trusted-types-for 'script'`. One that a page names is the page's.
 *
 * @param {URL} url
 * @returns {string | URL} of the form that the browser takes
 */
function trusted(url) {
  const { trustedTypes } = /** @type {any} */ (globalThis);
  policy ??= trustedTypes?.createPolicy("taskbeam", { createScriptURL: (/** @type {string} */ text) => text });
  return policy?.createScriptURL(url.href) ?? url;
}

/** @param {string | URL} worker */
async function registered(worker) {
  try {
    return await navigator.serviceWorker.register(worker);
  } catch (error) {
    throw new TaskError("failed", /** @type {Error} */ (error).message);
  }
}

/**
 * @param {URL} base
 * @param {string} method
 * @param {string} path
 * @param {NotifyOptions} options
 * @param {object} [body]
 */
async function call(base, method, path, { token }, body) {
  const json = body && { "Content-Type": "application/json" };
  const headers = { ...authorization(token), ...json };
  const response = await fetch(new URL(path, base), { method, headers, body: body && JSON.stringify(body) });
  if (!response.ok) throw await problemOf(response);
  return response.status === 204 ? {} : response.json();
}
