/** What the page asks the gateway for, beside the stream that it follows. */
import { baseOf } from "../client/base.js";
import { problemOf } from "../client/errors.js";

/**
 * @typedef {object} ListedJob see `ListedTask` in the gateway's /openapi.json
 * @property {string} id
 * @property {string} name
 * @property {string} state
 * @property {number} [epoch] of its journal
 * @property {number} attempt
 * @property {number} sent Unix seconds, as are the next three
 * @property {number} [began]
 * @property {number} [ended]
 * @property {number} ts
 * @property {number} [waited] seconds
 * @property {number} [percent]
 * @property {string} [message]
 * @property {string} [code]
 * @property {string} [ref]
 * @property {string} [exception]
 * @property {string} [title]
 * @property {string} [owner]
 * @property {string[]} [tags]
 * @property {string} [trace]
 * @property {string} [worker]
 *
 * @typedef {ListedJob & {arguments?: {args: any, kwargs: any}, extended: boolean, queue?: string, traceback?: string, again_of?: string, run_again_as?: string, hidden: string[], links: {log?: string, trace?: string}}} Details
 *
 * @typedef {{task_id: string, sent?: string, cancel?: string, code?: string, message?: string}} Outcome what became of one job
 *
 * @typedef {{name: string, code?: string, exception?: string, message?: string, count: number, last: number, task_id: string}} FailureGroup
 *
 * @typedef {{tasks: ListedJob[], counts: Record<string, number>, next: string | null, history: "read" | "away" | null}} ListedPage
 */

/** @param {string} path below `dashboard/` @param {RequestInit} [how] @returns {Promise<any>} raises `TaskError` */
export async function ask(path, how) {
  const response = await fetch(new URL(`dashboard/${path}`, baseOf()), { cache: "no-store", ...how });
  if (!response.ok) throw await problemOf(response);
  return response.json();
}

/** @param {string} id @returns {Promise<Details>} raises `TaskError` */
export function details(id) {
  return ask(`tasks/${encodeURIComponent(id)}`);
}

/** @typedef {{feed: string | null, total: number, tasks: ListedJob[]}} TaskCanvas */

/** @param {string} id @returns {Promise<TaskCanvas>} the jobs that it belongs to; raises `TaskError` */
export function canvas(id) {
  return ask(`tasks/${encodeURIComponent(id)}/canvas`);
}

/** @param {string} what to do @param {string[]} tasks @returns {Promise<Outcome[]>} raises `TaskError` */
export async function act(what, tasks) {
  return (await post(what, { tasks })).results;
}

/**
 * @typedef {{queue: string, purged: number, ended: number, kept: number, more: boolean}} PurgedQueue
 * @typedef {{queue: string, workers: string[], silent: string[]}} QueueWorkers
 */

/** @param {"purge" | "pause" | "resume"} what @param {string} queue @returns {Promise<PurgedQueue | QueueWorkers>} raises `TaskError` */
export function controlQueue(what, queue) {
  return post(`queues/${what}`, { queue });
}

/** @param {string} path @param {object} body @returns {Promise<any>} raises `TaskError` */
function post(path, body) {
  return ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

/** @param {number} since Unix seconds @returns {Promise<{groups: FailureGroup[], complete: boolean}>} raises `TaskError` */
export function failures(since) {
  return ask(`failures?since=${since}`);
}

/** @param {URLSearchParams} query @returns {Promise<ListedPage>} raises `TaskError` */
export function list(query) {
  return ask(`tasks?${query}`);
}
