import { pause } from "./backoff.js";
import { baseOf } from "./base.js";
import { verdict } from "./cursor.js";
import { problemOf, TaskError } from "./errors.js";
import { after, UNHEARD } from "./job.js";
import { authorization } from "./requests.js";
import { switchboard } from "./switchboard.js";
import { renewal } from "./token.js";

/** @import { DataEvent, GapEvent, Line, LogEvent, Mode, ProgressEvent, StateEvent, TaskEvent, Transport } from "./contract.js" */
/** @import { Job } from "./job.js" */

/** Codes of refusals that another token may lift: `unauthenticated`, `token_expired`, `token_revoked`. */
const TOKEN = /^(unauthenticated$|token_)/;
/** Milliseconds within which a second refusal is believed. */
const RENEWAL = 10_000;

/**
 * @typedef {object} WatchOptions
 * @property {string | URL} [baseUrl] of the gateway, relative to the page. Without it: the gateway that served
 *   this module, or `/` in an application's own bundle
 * @property {string} [after] cursor to go on from
 * @property {Mode} [transport]
 * @property {(taskId: string) => string | Promise<string>} [getToken] called on start, and before the token ends
 * @property {boolean} [share] one connection for all tabs of the browser, where it can; true without it
 * @property {AbortSignal} [signal] aborted: the watch is closed
 */

/**
 * What a watch dispatches.
 *
 * @template [Result=any]
 * @typedef {object} WatchEvents
 * @property {CustomEvent<TaskEvent<Result>>} event
 * @property {CustomEvent<StateEvent<Result>>} state
 * @property {CustomEvent<ProgressEvent>} progress
 * @property {CustomEvent<LogEvent>} log
 * @property {CustomEvent<DataEvent>} data
 * @property {CustomEvent<GapEvent<Result>>} gap
 * @property {CustomEvent<{line: Line, transport: Transport}>} line
 */

/**
 * @template Result
 * @typedef {{
 *   <K extends keyof WatchEvents>(type: K, listener: (event: WatchEvents<Result>[K]) => void, options?: boolean | AddEventListenerOptions): void;
 *   (type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
 * }} Listen
 */

/**
 * @template Result
 * @typedef {{addEventListener: Listen<Result>, removeEventListener: Listen<Result>} & EventTarget} TypedTarget
 */

const Target = /** @type {new <Result>() => TypedTarget<Result>} */ (EventTarget);

/**
 * Follow a task to its end.
 *
 * @template [Result=any] what the task returns
 * @param {string} taskId
 * @param {WatchOptions} [options]
 * @returns {Watch<Result>}
 */
export function watch(taskId, options) {
  return new Watch(taskId, options);
}

/**
 * One task, followed: its events as they come, what they add up to, and its result.
 *
 * @template [Result=any] what the task returns
 * @extends {Target<Result>}
 */
export class Watch extends Target {
  /** @readonly */
  taskId;
  /** What the events add up to. @type {Job<Result>} */
  job = UNHEARD;
  /** @type {Line} */
  line = "connecting";
  /** The one in use. @type {Transport} */
  transport = "websocket";
  /**
   * Resolves with the task's result; rejects with a `TaskError` when there is none.
   *
   * @type {Promise<Result>}
   */
  result;

  #options;
  #base;
  #board;
  /** @type {import("./switchboard.js").Subscription} */
  #subscription;
  /** When another token was asked for because the gateway refused one, Unix ms. */
  #renewedAt = 0;
  #tokenFailures = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {TaskEvent<Result>[]} */
  #events = [];
  #over = false;
  /** Why the watch was over before the task. @type {TaskError | undefined} */
  #reason;
  /** Of the result. @type {{resolve: (result: any) => void, reject: (error: TaskError) => void}} */
  #outcome;
  /** Iterators that have given all there is. @type {((value?: any) => void)[]} */
  #waiting = [];

  /** @param {string} taskId @param {WatchOptions} [options] */
  constructor(taskId, options = {}) {
    super();
    this.taskId = taskId;
    this.#options = options;
    this.#base = baseOf(options.baseUrl);
    let outcome;
    this.result = new Promise((resolve, reject) => (outcome = { resolve, reject }));
    this.#outcome = /** @type {any} */ (outcome);
    this.result.catch(() => {}); // nobody has to look at it
    this.#subscription = {
      taskId,
      mode: options.transport ?? "auto",
      after: options.after ?? null,
      tell: (news) => this.#over || this.#told(news),
    };
    this.#board = switchboard(this.#base, options.share ?? true);
    if (options.signal?.aborted) this.close();
    else {
      options.signal?.addEventListener("abort", () => this.close(), { once: true });
      void this.#authorize();
    }
  }

  /** Id of the last event. */
  get cursor() {
    return this.#subscription.after;
  }

  /** Every event from the start of the watch, up to the final one. Throws the `TaskError` if there is no following it. */
  async *[Symbol.asyncIterator]() {
    for (let next = 0; ; next++) {
      while (next >= this.#events.length) {
        if (this.#reason) throw this.#reason;
        if (this.#over) return;
        await new Promise((resolve) => this.#waiting.push(resolve));
      }
      yield /** @type {TaskEvent<Result>} */ (this.#events[next]);
    }
  }

  /**
   * Go on over another transport, from the cursor.
   *
   * @param {Mode} transport
   */
  use(transport) {
    if (this.#over || transport === this.#subscription.mode) return;
    this.#board.leave(this.#subscription);
    this.#subscription.mode = transport;
    this.#board.follow(this.#subscription);
  }

  /** Cut the line, as a network would; it heals by itself. */
  drop() {
    if (!this.#over) this.#board.drop(this.#subscription);
  }

  /**
   * Ask for the task to be cancelled.
   *
   * @param {{terminate?: boolean}} [how] `terminate`: end a running task by signal
   * @returns {Promise<{task_id: string, cancel: "revoked" | "requested" | "terminating"}>}
   *   rejects with a `TaskError`, `too_late` for instance
   */
  async cancel({ terminate = false } = {}) {
    return this.#call("POST", `/cancel${terminate ? "?terminate=true" : ""}`);
  }

  /** Stop watching. The result rejects with the code `closed` unless it is there. */
  close() {
    this.#finish("ended", new TaskError("closed", "The watch was closed."));
  }

  /** @param {import("./feed.js").News} news */
  #told(news) {
    if ("event" in news) this.#heard(news.event, news.first);
    else if ("line" in news) this.#setLine(news.line, news.transport);
    else if ("ended" in news) void this.#endedUnheard();
    else if (news.token === this.#subscription.token) this.#refused(news.refused);
    else this.#board.follow(this.#subscription); // it was another tab's token
  }

  /** @param {TaskEvent} event @param {boolean} first */
  #heard(event, first) {
    const due = verdict(this.#subscription.after, event, first);
    if (due === "ask") this.#board.follow(this.#subscription);
    if (due !== "take") return;
    this.#subscription.after = event.id;
    this.job = after(this.job, event);
    this.#events.push(event);
    this.#tellIterators();
    this.dispatchEvent(new CustomEvent("event", { detail: event }));
    this.dispatchEvent(new CustomEvent(event.type, { detail: event }));
    if (event.final) this.#settle(event);
  }

  /** @param {any} event the final one */
  #settle({ state, result, error }) {
    if (state === "SUCCESS") this.#outcome.resolve(result);
    else {
      const { code = state.toLowerCase(), message = `The task ended as ${state}.`, ref } = error ?? {};
      this.#outcome.reject(new TaskError(code, message, { ref, state }));
    }
    this.#finish("ended");
  }

  /** The watch began at the task's end: there are no events, but there is a result. */
  async #endedUnheard() {
    try {
      const snapshot = await this.#call("GET", "");
      if (this.#over) return;
      this.job = { ...after(this.job, snapshot), cursor: snapshot.last_event_id };
      this.#settle(snapshot);
    } catch (error) {
      this.#finish("gone", /** @type {TaskError} */ (error));
    }
  }

  /** @param {import("./contract.js").Refusal} refusal */
  #refused({ code, message }) {
    if (TOKEN.test(code) && this.#options.getToken && Date.now() - this.#renewedAt > RENEWAL) {
      this.#renewedAt = Date.now();
      void this.#authorize();
    } else this.#finish("gone", new TaskError(code, message));
  }

  /** Get a token, if there is a way to, and follow with it. */
  async #authorize() {
    clearTimeout(this.#timer);
    const { getToken } = this.#options;
    try {
      this.#subscription.token = await getToken?.(this.taskId);
      this.#tokenFailures = 0;
    } catch (error) {
      if (error instanceof TaskError) this.#finish("gone", error);
      else this.#authorizeIn(pause(this.#tokenFailures++));
      return;
    }
    if (this.#over) return;
    const left = renewal(this.#subscription.token ?? "", Date.now());
    if (left !== undefined) this.#authorizeIn(left);
    this.#board.follow(this.#subscription);
  }

  /** @param {number} ms */
  #authorizeIn(ms) {
    if (!this.#over) this.#timer = setTimeout(() => void this.#authorize(), ms);
  }

  /**
   * @param {string} method
   * @param {string} path behind the task
   * @returns {Promise<any>}
   */
  async #call(method, path) {
    let response;
    try {
      response = await fetch(new URL(`tasks/${encodeURIComponent(this.taskId)}${path}`, this.#base), { method, headers: authorization(this.#subscription.token) });
      if (response.ok) return await response.json();
    } catch {
      throw new TaskError("unreachable", "The gateway cannot be reached.");
    }
    throw await problemOf(response);
  }

  /** @param {Line} line @param {TaskError} [reason] */
  #finish(line, reason) {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#board.leave(this.#subscription);
    if (reason) this.#outcome.reject(reason);
    if (line === "gone") this.#reason = reason;
    this.#tellIterators();
    this.#setLine(line, this.transport);
  }

  /** @param {Line} line @param {Transport} transport */
  #setLine(line, transport) {
    if (this.line === line && this.transport === transport) return;
    this.line = line;
    this.transport = transport;
    this.dispatchEvent(new CustomEvent("line", { detail: { line, transport } }));
  }

  #tellIterators() {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
