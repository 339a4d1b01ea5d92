/**
 * What a job's events add up to. Pure: the same events give the same job.
 *
 * @import { Estimate, Progress, TaskFault, Waiting } from "./contract.js"
 */

/**
 * @template [Result=any] what the task returns
 * @typedef {object} Job
 * @property {string} state as Celery or the task calls it
 * @property {number} attempt from 1
 * @property {string} [name] of the task
 * @property {string} [cursor] id of the last event
 * @property {number} [began] Unix seconds of the first event
 * @property {number} [ts] Unix seconds of the last event
 * @property {boolean} final
 * @property {Progress} [progress]
 * @property {Result} [result]
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
  // The snapshot is newer than the events that follow the gap, so it does not say when the job began.
  if (event.type === "gap") return { ...after(job, event.snapshot), cursor: event.id, began: job.began };
  // A new attempt starts over: what the one before had reached no longer counts.
  const before = event.attempt === job.attempt ? job : { ...job, progress: undefined };
  const { type, state, attempt, name, id: cursor, ts, final } = event;
  const next = { ...before, state, attempt, name: name ?? job.name, cursor, began: job.began ?? ts, ts, final };
  if (type === "log" || type === "data") return next;
  const { progress = before.progress, result, error, retry, ahead, waiting } = event;
  const estimate = event.estimate && { ...event.estimate, at: ts };
  return { ...next, progress, result, error, retry, ahead, waiting, estimate };
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
