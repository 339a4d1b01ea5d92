/**
 * Who may hold a request open: a browser has 6 connections per host over HTTP/1.1, and the page needs some.
 */

const SLOTS = 4;

let free = SLOTS;
/** @type {(() => void)[]} */
const queue = [];

/** Wait for a turn; `done` ends it. */
export async function turn() {
  if (free > 0) free--;
  else await new Promise((/** @type {(value?: any) => void} */ resolve) => queue.push(resolve));
}

/** The next one's turn. */
export function done() {
  const next = queue.shift();
  if (next) next();
  else free++;
}

/** @returns {boolean} whether somebody waits for a turn */
export function crowded() {
  return queue.length > 0;
}
