/** When each of several jobs waited and ran, beside each other. Pure. */
import { ran, waited } from "./times.js";

/** @import { ListedJob } from "./requests.js" */

/**
 * @typedef {"waited" | "tried" | "ran"} Kind `tried`: earlier attempts, and the pauses between them
 * @typedef {{kind: Kind, start: number, size: number}} Part of a bar, in percent of the whole
 * @typedef {{from: number, to: number, bars: Map<string, Part[]>}} Timeline `from` and `to`: Unix seconds; bars by the jobs' ids
 */

/** Seconds of a timeline at the least: nothing is divided by none. */
const SHORTEST = 0.001;

/** @param {ListedJob[]} jobs one at least @param {number} now Unix seconds @returns {Timeline} */
export function timeline(jobs, now) {
  const from = Math.min(...jobs.map(({ sent }) => sent));
  const to = Math.max(from + SHORTEST, ...jobs.map(({ ended }) => ended ?? now));
  const bars = jobs.map((job) => /** @type {[string, Part[]]} */ ([job.id, parts(job, now).map((part) => placed(part, from, to))]));
  return { from, to, bars: new Map(bars) };
}

/** @typedef {{kind: Kind, from: number, to: number}} Span Unix seconds */

/** @param {ListedJob} job @param {number} now @returns {Span[]} */
function parts(job, now) {
  const { sent, began, ended = now } = job;
  const first = sent + (waited(job, now) ?? (began ?? ended) - sent);
  const running = ran(job, now) !== null && began !== undefined;
  const last = running ? began : ended;
  /** @type {Span[]} */
  const found = [
    { kind: "waited", from: sent, to: Math.min(first, ended) },
    { kind: "tried", from: first, to: began === undefined ? first : last },
    { kind: "ran", from: last, to: running ? ended : last },
  ];
  return found.filter(({ kind, from, to }) => to > from || (kind === "ran" && running));
}

/** @param {Span} part @param {number} start @param {number} end @returns {Part} */
function placed({ kind, from, to }, start, end) {
  const percent = 100 / (end - start);
  return { kind, start: (from - start) * percent, size: (to - from) * percent };
}
