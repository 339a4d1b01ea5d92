/** @import { Follow } from "./follow.js" */
import { reference, waiting } from "../look/telling.js";
import { about } from "../look/wording.js";

/**
 * @param {Follow} follow
 * @returns {string} the one line that says how the job stands
 */
export function outcome({ job, outlook }) {
  if (job.retry) return `${job.error?.message ?? ""} ${again(job.retry, job.attempt)}`;
  if (job.error) return `${job.error.message} ${reference(job.error)}`;
  if (job.state === "PENDING") return waiting(outlook);
  const saying = SAYINGS[job.state] ?? job.progress?.message ?? "Running";
  const left = job.final ? undefined : outlook.estimate?.end;
  return left ? `${saying} · about ${about(left)} left` : saying;
}

/** @type {Record<string, string>} */
const SAYINGS = {
  STARTED: "A worker has begun",
  SUCCESS: "Finished",
  STALLED: "The worker has gone quiet",
  UNKNOWN: "The gateway has no records of this job",
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
