import { TaskError } from "../client/errors.js";

/** Milliseconds that a browser may take to subscribe: one that cannot reach its push service says nothing at all. */
export const TIMEOUT = 15_000;

/**
 * The browser's subscription with this key. One of ours with an older key is given up: its push service takes nothing
 * from us any more. One that the page has made for something else is left alone, and there is room for one only.
 *
 * @param {ServiceWorkerRegistration} registration whose worker shows what is pushed
 * @param {string} key the gateway's, in Base64 of URLs
 * @param {boolean} ours whether a subscription that is there is one of ours
 * @param {number} [timeout] ms
 * @returns {Promise<PushSubscription>} rejects with a `TaskError`, `timeout` for instance
 */
export async function subscribe(registration, key, ours, timeout = TIMEOUT) {
  return inTime(timeout, async () => {
    await active(registration);
    const { pushManager } = registration;
    const known = await pushManager.getSubscription();
    if (known && keyOf(known) === key) return known;
    if (known && !ours) throw new TaskError("failed", "The page's service worker is subscribed with another key.");
    await known?.unsubscribe();
    return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  });
}

/** @param {PushSubscription} subscription @returns {string} the key that it was made with, in Base64 of URLs */
function keyOf({ options: { applicationServerKey } }) {
  const bytes = new Uint8Array(applicationServerKey ?? []);
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/** Nothing subscribes for a worker that is still being installed. @param {ServiceWorkerRegistration} registration */
async function active({ active, waiting, installing }) {
  const worker = active ?? waiting ?? installing;
  if (!worker || worker.state === "activated") return;
  await new Promise((resolve, reject) => {
    worker.addEventListener("statechange", () => {
      if (worker.state === "activated") resolve(null);
      if (worker.state === "redundant") reject(new TaskError("failed", "The service worker could not be installed."));
    });
  });
}

/**
 * @template T
 * @param {number} timeout ms
 * @param {() => Promise<T>} ask
 * @returns {Promise<T>}
 */
async function inTime(timeout, ask) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {Promise<never>} */
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new TaskError("timeout", "The browser cannot reach its push service.")), timeout);
  });
  try {
    return await Promise.race([ask(), late]);
  } catch (error) {
    if (error instanceof TaskError) throw error;
    throw new TaskError("failed", /** @type {Error} */ (error).message);
  } finally {
    clearTimeout(timer);
  }
}
