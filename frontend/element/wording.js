/**
 * Every word that the element says. A page in another language changes them, at any time:
 * `Object.assign(words, { cancel: "Abbrechen" })`.
 */
export const words = {
  task: "Task",
  cancel: "Cancel",
  link: "Open the result",
  summary: "Details",
  id: "Id",
  attempt: "Attempt",
  connection: "Connection",
  steps: "Steps",
  output: "Output",

  /** How a step stands, for who hears it. */
  step: { running: "Running", done: "Done", failed: "Failed", stopped: "Stopped" },
  /** @param {number} characters of the task's text that are nowhere to be had */
  omitted: (characters) => `${characters.toLocaleString("en")} more characters were written and not kept`,

  /**
   * What a state is called, and what it means where neither the task nor an error says more.
   *
   * @type {Record<string, [name: string, meaning?: string]>}
   */
  states: {
    NONE: ["No task"],
    CONNECTING: ["Connecting"],
    PENDING: ["Queued", "Waiting for a worker"],
    STARTED: ["Running", "A worker has begun"],
    PROGRESS: ["Running"],
    RETRY: ["Retrying"],
    STALLED: ["Stalled", "The worker has gone quiet"],
    CANCELLING: ["Cancelling", "Asked to stop"],
    SUCCESS: ["Done", "Finished"],
    FAILURE: ["Failed"],
    REVOKED: ["Cancelled"],
    IGNORED: ["Ended"],
    LOST: ["Lost", "The worker was lost"],
    UNKNOWN: ["Unavailable"],
  },

  /** Why a task is not shown, by the code of the error. @type {Record<string, string>} */
  refusals: {
    unauthenticated: "Sign in to see this job",
    token_expired: "Your access has expired",
    token_revoked: "Your access has ended",
    forbidden: "You may not see this job",
    unreachable: "The service cannot be reached",
  },

  /** How the connection is, where that matters. @type {Record<string, string>} */
  lines: { waiting: "Reconnecting", offline: "You are offline" },

  /** What it waits for, beside its turn. @type {Record<string, string>} */
  waiting: {
    no_consumer: "No worker takes such tasks right now",
    dependency: "Waiting for the task before it",
  },
  /** @param {number} tasks */
  ahead: (tasks) => (tasks ? `${tasks} ahead in the queue` : "Next in line"),
  /** @param {Date} time */
  earliest: (time) => `Not before ${time.toLocaleString()}`,
  /** @param {number} seconds */
  starts: (seconds) => `starts in ${about(seconds)}`,
  /** @param {number} seconds */
  left: (seconds) => `${about(seconds)} left`,
  /** For a worker. @param {number} seconds */
  waited: (seconds) => `Waited ${span(seconds)}`,
  /** @param {number} seconds */
  took: (seconds) => `Took ${span(seconds)}`,
  /** @param {number} number @param {number | null} most @param {number} seconds */
  again: (number, most, seconds) =>
    `Attempt ${number}${most ? ` of ${most}` : ""} ${seconds > 0 ? `in ${span(Math.ceil(seconds))}` : "now"}`,
};

/**
 * `5.2 s`, `48 s`, `2:05 min`, `1:30 h`
 *
 * @param {number} seconds
 */
export function span(seconds) {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole < 10 ? Math.round(seconds * 10) / 10 : whole} s`;
  const minutes = Math.floor(whole / 60);
  return whole < 3600 ? `${clock(minutes, whole % 60)} min` : `${clock(Math.floor(minutes / 60), minutes % 60)} h`;
}

/**
 * An estimate, no more exact than it can be: `a few seconds`, `about 25 s`, `about 3 min`, `about 1:30 h`
 *
 * @param {number} seconds
 */
export function about(seconds) {
  const step = seconds > 60 ? 60 : 5;
  return seconds > 5 ? `about ${span(Math.ceil(seconds / step) * step)}` : "a few seconds";
}

/** @param {number} large @param {number} small sixtieths */
function clock(large, small) {
  return small ? `${large}:${String(small).padStart(2, "0")}` : large;
}
