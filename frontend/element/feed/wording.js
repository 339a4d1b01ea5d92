/**
 * The words of a list, beside those of its tasks (`words`). A page in another language changes them, at any time.
 */
export const feedWords = {
  feed: "Tasks",
  connecting: "Loading",
  none: "No tasks yet",
  /** How many there are of each kind; a kind without any is not mentioned. */
  waiting: "queued",
  running: "running",
  done: "done",
  failed: "failed",
  cancelled: "cancelled",
  /** @param {number} shown @param {number} total */
  newest: (shown, total) => `The newest ${shown} of ${total}`,
  /** Of a part of a whole. @param {number} ended @param {number} total */
  part: (ended, total) => `${ended} of ${total} ended`,
  /** Instead of a task's name, by that name. @type {Record<string, string>} */
  titles: {},
  /** Why there is no list, by the error's code; its own message without one. @type {Record<string, string>} */
  refusals: {
    unauthenticated: "Sign in to see this list",
    token_expired: "Your access has expired. Sign in again",
    token_revoked: "Your access has ended. Sign in again",
    unknown_feed: "There is no such list for you",
    unreachable: "The gateway cannot be reached",
  },
  /** When a task began. @param {Date} time */
  at: (time) =>
    time.toDateString() === new Date().toDateString()
      ? time.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" })
      : time.toLocaleString(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }),
};
