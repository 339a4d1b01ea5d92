/**
 * What the element shows of a task at a moment. Pure: the same task, outlook and time give the same portrait.
 *
 * @typedef {import("../client/job.js").Job} Job
 * @typedef {import("../client/job.js").Tone} Tone
 *
 * @typedef {object} Seen what is known
 * @property {Job} job
 * @property {import("./outlook.js").Outlook} outlook
 * @property {string} [line] as the Watch has it, where there is one
 * @property {number} now in milliseconds
 *
 * @typedef {object} Portrait
 * @property {Tone} tone
 * @property {string} state in a word or two
 * @property {string} message the one sentence
 * @property {string} note what is good to know beside it
 * @property {string} figure how far, in numbers
 * @property {number | null} reached percent, or null while nobody can tell
 * @property {boolean} ticking whether a passing second changes it
 * @property {boolean} stoppable whether it would make sense to cancel it
 */
import { percent, tone } from "../client/job.js";
import { span, words } from "./wording.js";

/**
 * @param {Seen} seen
 * @returns {Portrait}
 */
export function portrait(seen) {
  const { job, outlook, line = "gone", now } = seen;
  const { final, error, progress } = job;
  const shown = condition(seen);
  const [state = readable(shown), meaning = state] = words.states[shown] ?? [];
  const reached = percent(job);
  return {
    tone: tone(job.state),
    state,
    message: words.waiting[outlook.waiting ?? ""] || refusal(job) || (error ?? (final ? error : progress))?.message || meaning,
    note: (final ? afterwards(seen) : meanwhile(seen)).filter(Boolean).join(" · "),
    figure: reached === null ? `${progress?.current ?? ""}` : `${Math.floor(reached)}%`,
    reached,
    ticking: !final && [outlook.starts, outlook.ends, outlook.again, outlook.earliest].some((time) => time && time > now),
    stoppable: !final && line !== "gone" && !outlook.cancelling,
  };
}

/**
 * The state by which it is shown: there are a few more than a task has.
 *
 * @param {Seen} seen
 */
function condition({ job, outlook, line }) {
  if (job.final || job.error) return job.state;
  if (!job.cursor) return line ? "CONNECTING" : "NONE";
  return outlook.cancelling ? "CANCELLING" : job.state;
}

/**
 * What is good to know of a task that goes on.
 *
 * @param {Seen} seen
 */
function meanwhile({ job, outlook, line = "", now }) {
  const { attempt, retry } = job;
  const { starts, ends, again = 0, earliest = 0, ahead, refusal } = outlook;
  /** @param {number | undefined} time @param {(seconds: number) => string} say */
  const until = (time, say) => time && time > now && say((time - now) / 1000);
  const queued = job.state === "PENDING";
  return [
    refusal ?? words.lines[line],
    retry && words.again(attempt + 1, retry.max && retry.max + 1, (again - now) / 1000),
    !retry && attempt > 1 && `${words.attempt} ${attempt}`,
    queued && earliest > now && words.earliest(new Date(earliest)),
    queued && ahead !== undefined && words.ahead(ahead),
    queued ? until(starts, words.starts) : until(ends, words.left),
  ];
}

/** Why there is no following it, where the gateway refuses that. @param {Job} job @returns {string | undefined} */
const refusal = ({ state, error }) => (state === "UNKNOWN" ? words.refusals[error?.code ?? ""] : undefined);

/**
 * What is good to know of one that has ended.
 *
 * @param {Seen} seen
 */
function afterwards({ job: { error, attempt, began = 0, started = began, ts = 0 }, outlook }) {
  // Who waited for a worker must not take that for slow work; with several attempts it took all of them.
  const waited = attempt > 1 ? 0 : started - began;
  const seconds = ts - began - waited;
  return [
    outlook.refusal,
    error && `${error.code} · ${error.ref}`,
    attempt > 1 && `${words.attempt} ${attempt}`,
    waited >= 0.1 && words.waited(waited),
    seconds >= 0.1 && words.took(seconds),
  ];
}

/**
 * A state of the task's own: `RESIZING_IMAGES` → `Resizing images`
 *
 * @param {string} state
 */
function readable(state) {
  return state.charAt(0) + state.slice(1).toLowerCase().replaceAll("_", " ");
}
