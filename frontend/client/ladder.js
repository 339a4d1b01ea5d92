/**
 * Which transport is next. Pure: each rule takes a ladder and returns another.
 *
 * @import { Transport } from "./contract.js"
 *
 * @typedef {object} Ladder
 * @property {readonly Transport[]} rungs best first
 * @property {number} at the rung in use
 * @property {number} strikes failures on this rung since a connection lived
 * @property {Partial<Record<Transport, true>>} proven what something was ever heard over
 *
 * @typedef {"refused" | "silent" | "cut"} Failure
 *   never opened; open, but nothing comes (a proxy buffers it, or the network is gone); closed
 */

/** Failures in a row after which a transport is given up, if it opens, or has shown before that it works here. */
const PATIENCE = 3;

/**
 * @param {readonly Transport[]} rungs
 * @returns {Ladder}
 */
export function ladder(rungs) {
  return { rungs, at: 0, strikes: 0, proven: {} };
}

/**
 * @param {Ladder} ladder
 * @returns {Transport}
 */
export function transport({ rungs, at }) {
  return /** @type {Transport} */ (rungs[at]);
}

/**
 * @param {Ladder} ladder
 * @param {Transport} over
 * @returns {Ladder} after something was heard
 */
export function heard(ladder, over) {
  return ladder.proven[over] ? ladder : { ...ladder, proven: { ...ladder.proven, [over]: true } };
}

/**
 * @param {Ladder} ladder
 * @param {number} [at]
 * @returns {Ladder} without the failures so far: a connection lived, or a better rung is to be tried
 */
export function steady(ladder, at = ladder.at) {
  return { ...ladder, at, strikes: 0 };
}

/**
 * Down one rung when this one has failed too often; below the last one it begins again at the top.
 *
 * @param {Ladder} ladder
 * @param {Failure} failure
 * @returns {Ladder}
 */
export function failed(ladder, failure) {
  const { rungs, at, proven } = ladder;
  const strikes = ladder.strikes + 1;
  const patience = failure === "cut" || proven[transport(ladder)] ? PATIENCE : 1;
  return strikes < patience ? { ...ladder, strikes } : steady(ladder, (at + 1) % rungs.length);
}
