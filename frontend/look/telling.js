import { about, isolated, percentage, size } from "./wording.js";

/** Characters of a written text that one event tells: it is shown as a whole elsewhere. */
const MOST_TEXT = 60;

/**
 * One event in a few words, without its state.
 *
 * @param {any} event
 * @returns {string}
 */
export function told(event) {
  if (event.type === "gap") return `Some events are no longer kept (${event.gap?.reason ?? "gap"})`;
  if (event.type === "log") return String(event.data);
  if (event.type === "output") return event.output.text.slice(0, MOST_TEXT).trim();
  if (event.error) return `${FAULTS[event.error.code] ?? isolated(event.error.message)} ${reference(event.error)}`;
  if (event.progress) return progress(event.progress);
  if (event.data?.picture) return picture(event.data.picture);
  if (event.data !== undefined) return JSON.stringify(event.data);
  return STATES[event.state]?.(event) ?? "";
}

/**
 * `{current: 3, total: 5, percent: 60, message: "Drew the charts"}` → `Drew the charts · 60%`
 *
 * @param {import("../client/contract.js").Progress} progress
 */
function progress({ current, total, percent, message }) {
  const reached = percent === undefined ? `${current}` : percentage(percent);
  return message ? `${isolated(message)} · ${reached}` : total === undefined ? reached : `${current} of ${total}`;
}

/** @param {{type: string, width: number, height: number, bytes: number}} picture */
function picture({ type, width, height, bytes }) {
  return `${type.replace("image/", "")} ${width} × ${height}, ${size(bytes)}`;
}

/** What one can do about it, or not, where the gateway's own words leave that open. @type {Record<string, string>} */
const FAULTS = {
  result_lost: "The job is over, and its worker could not store how it ended",
  records_missing: "The records of the job are missing; it may go on, and comes back when it reports again",
};

/** @type {Record<string, (event: any) => string>} */
const STATES = {
  PENDING: (event) => waiting(event),
  STARTED: ({ attempt }) => (attempt > 1 ? `A worker began attempt ${attempt}` : "A worker began"),
  SUCCESS: () => "Finished",
  STALLED: () => "Worker not responding",
};

/**
 * What a queued job waits for: its place in the queue, and how long that may take.
 *
 * @param {{ahead?: number, waiting?: string, estimate?: {start?: number, end?: number}}} event
 */
export function waiting({ ahead, waiting: reason, estimate }) {
  if (reason === "no_consumer") return "No worker takes jobs of this queue";
  if (reason === "dependency") return "Waiting for the job before it";
  const place = ahead ? `${ahead} ahead in the queue` : "Waiting for a worker";
  return estimate?.start ? `${place} · starts in about ${about(estimate.start)}` : place;
}

/**
 * `{code: "task_failed", ref: "b486cb31"}` → `(task_failed, ref b486cb31)`
 *
 * @param {{code: string, ref?: string}} error
 */
export function reference({ code, ref }) {
  return `(${[code, ref && `ref ${ref}`].filter(Boolean).join(", ")})`;
}
