/**
 * Which transport is next. Pure: each rule takes a ladder and returns another.
 *
 * @import { Transport } from "./contract.js"
 *
 * @typedef {object} Ladder
 * @property {readonly Transport[]} rungs best first
 * @property {number} at the rung in use
 * @property {number} strikes failures on this rung since a connection lived
 * @property {readonly Transport[]} proven what something was ever heard over
 *
 * @typedef {"refused" | "silent" | "cut"} Failure
 *   never opened; open, but nothing comes (a proxy buffers it, or the network is gone); closed
 */

/** Failures in a row after which a transport is given up, where it has not shown that it works here. */
const PATIENCE = { refused: 1, silent: 1, cut: 3 };
/** The same where it has: then it is the network or the gateway that fails, and all transports alike. */
const PATIENCE_WITH_PROVEN = 3;

/**
 * @param {readonly Transport[]} rungs
 * @returns {Ladder}
 */
export function ladder(rungs) {
  return { rungs, at: 0, strikes: 0, proven: [] };
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
  return ladder.proven.includes(over) ? ladder : { ...ladder, proven: [...ladder.proven, over] };
}

/**
 * @param {Ladder} ladder
 * @returns {Ladder} after a connection lived
 */
export function lived(ladder) {
  return { ...ladder, strikes: 0 };
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
  const patience = proven.includes(transport(ladder)) ? PATIENCE_WITH_PROVEN : PATIENCE[failure];
  return strikes < patience ? { ...ladder, strikes } : { ...ladder, at: (at + 1) % rungs.length, strikes: 0 };
}

/**
 * @param {Ladder} ladder
 * @param {number} at
 * @returns {Ladder} on a better rung, which works or is to be tried again
 */
export function climbed(ladder, at) {
  return { ...ladder, at, strikes: 0 };
}
