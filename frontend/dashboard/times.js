/** When a job was sent, how long it has waited and run, in words. Pure. */
import { duration } from "../look/wording.js";

/** @import { ListedJob } from "./requests.js" */

/** What is not known is no number. */
export const UNKNOWN = "–";

/** @param {Pick<ListedJob, "state" | "sent" | "waited" | "began" | "ended">} job @param {number} now Unix seconds @returns {number | null} seconds */
export function waited({ waited, began, ended, sent, state }, now) {
  if (waited !== undefined) return waited;
  if (began !== undefined || ended !== undefined || state !== "PENDING") return null;
  return Math.max(0, now - sent);
}

/** Of its newest run. @param {Pick<ListedJob, "state" | "began" | "ended">} job @param {number} now @returns {number | null} seconds */
export function ran({ began, ended, state }, now) {
  if (began === undefined || state === "PENDING" || state === "RETRY") return null;
  return Math.max(0, (ended ?? now) - began);
}

/** @param {number | null} seconds */
export function span(seconds) {
  return seconds === null ? UNKNOWN : duration(seconds);
}

/**
 * `waited 13.80 s · ran 34 ms`
 *
 * @param {ListedJob} job @param {number} now
 */
export function both(job, now) {
  const [before, after] = [waited(job, now), ran(job, now)];
  const over = job.ended !== undefined;
  const told = [before !== null && `${job.began || over ? "waited" : "waiting"} ${duration(before)}`, after !== null && `${over ? "ran" : "running"} ${duration(after)}`];
  return told.filter(Boolean).join(" · ") || UNKNOWN;
}

/** The time of day to the millisecond, with the date where it is another one. @param {number} at Unix seconds @param {number} now */
export function moment(at, now) {
  return `${clock(at, now)}.${String(Math.floor((at % 1) * 1000)).padStart(3, "0")}`;
}

/**
 * The time of day, with the date where it is another one.
 *
 * @param {number} at Unix seconds
 * @param {number} now
 */
export function clock(at, now) {
  const [date, today] = [new Date(at * 1000), new Date(now * 1000)];
  const time = date.toLocaleTimeString("en-GB");
  return date.toDateString() === today.toDateString() ? time : `${date.toLocaleDateString("en-GB", { day: "numeric", month: "short" })} ${time}`;
}
