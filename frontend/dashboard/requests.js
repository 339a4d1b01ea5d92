/** What the page asks the gateway for, beside the stream that it follows. */
import { baseOf } from "../client/base.js";
import { problemOf } from "../client/errors.js";

/**
 * @typedef {object} ListedJob see `ListedTask` in the gateway's /openapi.json
 * @property {string} id
 * @property {string} name
 * @property {string} state
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
 * @typedef {ListedJob & {arguments?: {args: any, kwargs: any}, extended: boolean, queue?: string, traceback?: string, hidden: string[]}} Details
 *
 * @typedef {{tasks: ListedJob[], counts: Record<string, number>, next: string | null}} ListedPage
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

/** @param {URLSearchParams} query @returns {Promise<ListedPage>} raises `TaskError` */
export function list(query) {
  return ask(`tasks?${query}`);
}
