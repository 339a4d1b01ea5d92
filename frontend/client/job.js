import { compare } from "./cursor.js";
import { written } from "./output.js";

/**
 * What a job's events add up to. Pure: the same events give the same job.
 *
 * @import { Estimate, Progress, Step, TaskFault, Waiting } from "./contract.js"
 * @import { Output } from "./output.js"
 */

/**
 * @template [Result=any] what the task returns
 * @typedef {object} Job
 * @property {string} state as Celery or the task calls it
 * @property {number} attempt from 1
 * @property {false} [known] Celery has stored nothing of it yet, and its workers tell nothing else
 * @property {string} [name] of the task
 * @property {string} [cursor] id of the last event
 * @property {string | null} [newest] id of the event that a gap brought with it
 * @property {number} [began] Unix seconds of the first event
 * @property {number} [started] Unix seconds at which a worker began this attempt, where that was heard
 * @property {number} [ts] Unix seconds of the last event
 * @property {boolean} final
 * @property {Progress} [progress]
 * @property {readonly Step[]} [steps] that it has begun in this attempt
 * @property {Output} [output] the text that it writes
 * @property {Result} [result]
 * @property {string[]} [files] paths of the files that the task stored and names in its result
 * @property {TaskFault} [error]
 * @property {{at: number, delay: number, max: number | null}} [retry]
 * @property {number} [ahead] how many tasks of its queue are before it
 * @property {Waiting} [waiting] what it waits for, beside its turn
 * @property {Estimate & {at: number}} [estimate] seconds from `at`, Unix seconds
 */

/** @type {Readonly<Job>} */
export const UNHEARD = Object.freeze({ state: "PENDING", attempt: 1, final: false });

/**
 * @param {Job} job
 * @param {any} event one event of the contract
 * @returns {Job} the job after one more event
 */
export function after(job, event) {
  const { snapshot, gap } = event;
  if (event.type === "output") job = { ...job, output: written(job.output, event) };
  const { known } = event;
  if (!event.id) return known === false ? { ...job, known } : job;
  // The snapshot is newer than the events that follow the gap: they say when the job began, and nothing else is news.
  if (snapshot) {
    const kept = { ...job, newest: null, output: gap.reason === "epoch" ? undefined : job.output };
    return { ...after(kept, snapshot), newest: snapshot.id, cursor: event.id, began: job.began };
  }
  if (compare(event.id, job.newest ?? null) <= 0) return { ...job, cursor: event.id, began: job.began ?? event.ts };
  // A new attempt starts over: what the one before had reached or written no longer counts. Which one it is, a worker
  // without Taskbeam may not say.
  const { type, state, attempt = job.attempt, name, id: cursor, ts, final } = event;
  const starts = event.attempt ? attempt !== job.attempt : state === "STARTED";
  const before = starts ? begun(job, attempt) : job;
  const started = before.started ?? (state === "STARTED" ? ts : undefined);
  const next = { ...before, known, state, attempt, name: name ?? job.name, cursor, began: job.began ?? ts, started, ts, final };
  if (aside(event)) return next;
  const { progress = before.progress, steps = before.steps, result, error, retry, ahead, waiting, files } = event;
  const estimate = event.estimate && { ...event.estimate, at: ts };
  return { ...next, progress, steps, result, error, retry, ahead, waiting, estimate, files };
}

/**
 * @param {{type: string}} event
 * @returns {boolean} whether it tells nothing of how far the task is: what it tells is beside that
 */
export function aside({ type }) {
  return type === "log" || type === "data" || type === "output";
}

/**
 * The text of an attempt may be there before its events: one joins at its end, and reads the journal from its beginning.
 *
 * @param {Job} job
 * @param {number} attempt
 * @returns {Job}
 */
function begun(job, attempt) {
  const output = job.output && job.output.attempt < attempt ? undefined : job.output;
  return { ...job, started: undefined, progress: undefined, steps: undefined, output };
}

/**
 * @param {Job} job
 * @returns {Job} the job when the gateway has no records of it
 */
export function unknown(job) {
  return { ...job, state: "UNKNOWN", error: undefined, retry: undefined };
}

/** @typedef {"waiting" | "running" | "done" | "failed" | "gone"} Tone */

/**
 * @param {string} state
 * @returns {Tone} what a state means to who waits for the job
 */
export function tone(state) {
  return TONES[state] ?? "running";
}

/**
 * @param {Job} job
 * @returns {number | null} percent from 0 to 100, or null while nobody can tell
 */
export function percent(job) {
  if (job.state === "SUCCESS") return 100;
  return job.progress?.percent ?? null;
}

/** @type {Readonly<Record<string, Tone>>} */
const TONES = {
  PENDING: "waiting",
  RETRY: "waiting",
  STALLED: "waiting",
  SUCCESS: "done",
  IGNORED: "done",
  FAILURE: "failed",
  REVOKED: "failed",
  REJECTED: "failed",
  LOST: "failed",
  UNKNOWN: "gone",
};
