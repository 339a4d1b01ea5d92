/** Milliseconds. Reconnection n waits at most FIRST_PAUSE * 2^n, and never more than LONGEST_PAUSE. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;

/** Milliseconds after which a connection has lived, and the next failure is a first one. */
export const LIFE = 10_000;

/**
 * Full jitter, so that the clients of a restarted gateway do not come back all at once.
 *
 * @param {number} failures since a connection lived
 * @param {() => number} [random] from 0 to 1
 * @returns {number} milliseconds to wait before the next attempt
 */
export function pause(failures, random = Math.random) {
  return random() * Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** failures);
}

/** @returns {"offline" | "waiting"} what a line is until the next attempt */
export function resting() {
  return globalThis.navigator?.onLine === false ? "offline" : "waiting";
}
