import { pause, resting } from "./backoff.js";
import { passing } from "./connection.js";
import { verdict } from "./cursor.js";
import { TaskError } from "./errors.js";
import { Following } from "./following.js";
import { after, UNHEARD } from "./job.js";
import { Target } from "./target.js";
import { taskTopic } from "./topic.js";

/** @import { DataEvent, GapEvent, Line, LogEvent, Mode, NothingKnown, OutputEvent, ProgressEvent, StateEvent, TaskEvent, TextSoFar, Transport } from "./contract.js" */
/** @import { Job } from "./job.js" */

/** Events that a watch keeps for who iterates late: as many as a journal does. */
const KEPT = 1_000;

/**
 * @typedef {import("./following.js").FollowOptions & {after?: string}} WatchOptions `after`: cursor to go on from
 */

/**
 * What a watch dispatches.
 *
 * @template [Result=any]
 * @typedef {object} WatchEvents
 * @property {CustomEvent<TaskEvent<Result>>} event
 * @property {CustomEvent<StateEvent<Result> | NothingKnown>} state `NothingKnown` is no `event`
 * @property {CustomEvent<ProgressEvent>} progress
 * @property {CustomEvent<LogEvent>} log
 * @property {CustomEvent<DataEvent>} data
 * @property {CustomEvent<OutputEvent | TextSoFar>} output a piece of the text; without `id`, and not as an `event`: the text so far
 * @property {CustomEvent<GapEvent<Result>>} gap
 * @property {CustomEvent<{line: Line, transport: Transport}>} line
 */

/**
 * @template Result
 * @typedef {ReturnType<typeof deferred> & {event?: TaskEvent<Result>, next?: Link<Result>}} Link
 *   an event, once its promise is kept; without a next one the watch is over
 */

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
 * @extends {Target<WatchEvents<Result>>}
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
  #outcome = deferred();
  /**
   * Resolves with the task's result; rejects with a `TaskError` when there is none.
   *
   * @type {Promise<Result>}
   */
  result = this.#outcome.promise;

  #following;
  /** What is to come, and the oldest event that is kept for who iterates: each holds the one after it. @type {Link<Result>} */
  #newest = deferred();
  #oldest = this.#newest;
  #kept = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** Why the watch was over before the task. @type {TaskError | undefined} */
  #reason;

  /** @param {string} taskId @param {WatchOptions} [options] */
  constructor(taskId, options = {}) {
    super();
    this.taskId = taskId;
    this.result.catch(() => {}); // nobody has to look at it
    this.#following = new Following(taskTopic(taskId), taskId, options, {
      ready: () => this.#following.follow(),
      event: (event, first) => this.#heard(event, first),
      ended: () => void this.#endedUnheard(),
      gone: (reason) => this.#finish("gone", reason),
      closed: () => this.close(),
      line: (line, transport) => this.#setLine(line, transport),
    });
    this.#following.start();
  }

  /** Id of the last event. */
  get cursor() {
    return this.#following.cursor;
  }

  /**
   * Every event, up to the final one, from the start of the watch; who begins late gets the newest 1,000 of those before.
   * Throws the `TaskError` if there is no following it.
   */
  async *[Symbol.asyncIterator]() {
    for (let link = this.#oldest; ; link = link.next) {
      await link.promise;
      if (!link.next) break;
      yield /** @type {TaskEvent<Result>} */ (link.event);
    }
    if (this.#reason) throw this.#reason;
  }

  /**
   * Go on over another transport, from the cursor.
   *
   * @param {Mode} transport
   */
  use(transport) {
    this.#following.use(transport);
  }

  /** Cut the line, as a network would; it heals by itself. */
  drop() {
    this.#following.drop();
  }

  /**
   * Ask for the task to be cancelled.
   *
   * @param {{terminate?: boolean}} [how] `terminate`: end a running task by signal
   * @returns {Promise<{task_id: string, cancel: "revoked" | "requested" | "terminating"}>}
   *   rejects with a `TaskError`, `too_late` for instance
   */
  async cancel({ terminate = false } = {}) {
    return this.#following.call("POST", `/cancel${terminate ? "?terminate=true" : ""}`);
  }

  /**
   * An address at which a browser opens a file that the task stored, soon and once: a link cannot carry the token.
   *
   * @param {string} address below the task, as `…/tasks/{id}/files/report.pdf`; any other stays as it is
   * @returns {Promise<string>} rejects with a `TaskError`
   */
  async admit(address) {
    return this.#following.admit(address);
  }

  /** Stop watching. The result rejects with the code `closed` unless it is there. */
  close() {
    this.#finish("ended", new TaskError("closed", "The watch was closed."));
  }

  /** @param {TaskEvent | TextSoFar | NothingKnown} event @param {boolean} first */
  #heard(event, first) {
    if (!event.id) {
      this.job = after(this.job, event);
      return this.#emit(event.type, event);
    }
    const due = verdict(this.cursor, event, first);
    if (due === "ask") this.#following.follow();
    if (due !== "take") return;
    this.#following.cursor = event.id;
    this.job = after(this.job, event);
    const link = this.#newest;
    this.#newest = link.next = deferred();
    link.event = event;
    link.resolve();
    if (++this.#kept > KEPT) this.#oldest = /** @type {Link<Result>} */ (this.#oldest.next);
    for (const type of ["event", event.type]) this.#emit(type, event);
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
  async #endedUnheard(failures = 0) {
    let snapshot;
    try {
      snapshot = await this.#following.call("GET", "");
    } catch (error) {
      return this.#unread(/** @type {TaskError} */ (error), failures);
    }
    if (this.#following.over) return;
    this.job = { ...after(this.job, snapshot), cursor: snapshot.last_event_id };
    this.#settle(snapshot);
  }

  /** The result is not there yet. @param {TaskError} error @param {number} failures before this one */
  #unread(error, failures) {
    if (this.#following.over) return;
    if (!passing(error.code)) return this.#following.refused(error);
    this.#timer = setTimeout(() => void this.#endedUnheard(failures + 1), pause(failures));
    this.#setLine(resting(), this.transport);
  }

  /** @param {Line} line @param {TaskError} [reason] */
  #finish(line, reason) {
    if (this.#following.over) return;
    this.#following.stop();
    clearTimeout(this.#timer);
    if (reason) this.#outcome.reject(reason);
    if (line === "gone") this.#reason = reason;
    this.#newest.resolve();
    this.#setLine(line, this.transport);
  }

  /** @param {Line} line @param {Transport} transport */
  #setLine(line, transport) {
    if (this.line === line && this.transport === transport) return;
    this.line = line;
    this.transport = transport;
    this.#emit("line", { line, transport });
  }

  /** @param {string} type @param {object} detail */
  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** @returns {{promise: Promise<any>, resolve: (value?: any) => void, reject: (error: TaskError) => void}} */
function deferred() {
  let ends;
  const promise = new Promise((resolve, reject) => (ends = { resolve, reject }));
  return { promise, .../** @type {any} */ (ends) };
}
