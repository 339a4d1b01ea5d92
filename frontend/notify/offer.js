/**
 * When to offer to tell somebody later: not about what is over in a moment. Pure.
 */

/** Seconds that a task has run before it is offered. */
export const LONG = 10;

/** @typedef {import("../client/main.js").Job} Job */
/** @typedef {Pick<Job, "final" | "began" | "ts"> & Partial<Pick<Job, "state" | "progress">>} BellJob what matters of a job */

/**
 * @param {BellJob} job
 * @returns {number | null} seconds until it is offered, after the newest event; null: not as things stand
 */
export function offeredIn({ final, began, ts = 0 }) {
  if (final || !began) return null;
  // Both by the worker's clock.
  return Math.max(LONG - Math.max(ts - began, 0), 0);
}
