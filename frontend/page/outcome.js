/** @import { Follow } from "./follow.js" */
import { reference, waiting } from "../look/telling.js";
import { about, duration, isolated } from "../look/wording.js";

/**
 * @param {Follow} follow
 * @returns {string} the one line that says how the job stands
 */
export function outcome({ job, outlook, started }) {
  if (job.retry) return `${isolated(job.error?.message ?? "")} ${again(job.retry, job.attempt)}`;
  if (job.error) return `${isolated(job.error.message)} ${reference(job.error)}`;
  if (job.state === "PENDING") return waiting(outlook);
  const saying = SAYINGS[job.state] ?? job.progress?.message ?? "Running";
  if (job.state === "SUCCESS" && started) return `${saying} · ${took(job, started)}`;
  const left = job.final ? undefined : outlook.estimate?.end;
  return left ? `${isolated(saying)} · about ${about(left)} left` : saying;
}

/**
 * Who waits for a worker must not take it for slow work.
 *
 * @param {import("../client/index.js").Job} job
 * @param {number} started
 */
function took({ began, ts, attempt }, started) {
  const ran = `ran ${duration((ts ?? started) - started)}`;
  return attempt > 1 ? `attempt ${attempt} ${ran}` : `waited ${duration(started - (began ?? started))} · ${ran}`;
}

/** @type {Record<string, string>} */
const SAYINGS = {
  STARTED: "A worker has begun",
  SUCCESS: "Finished",
  STALLED: "Worker not responding",
  UNKNOWN: "Job not found: the gateway has no records of it",
};

/**
 * @param {{at: number, delay: number, max: number | null}} retry
 * @param {number} attempt
 */
function again(retry, attempt) {
  // The worker's clock may differ from ours: never promise more than the whole pause.
  const left = Math.min(retry.delay, Math.max(0, retry.at - Date.now() / 1000));
  const tries = retry.max === null ? "" : ` of ${retry.max + 1}`;
  const when = left > 0 ? `in ${Math.ceil(left)} s` : "now";
  return `Attempt ${attempt + 1}${tries} ${when}.`;
}
