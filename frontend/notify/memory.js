/**
 * What a page remembers of its device, also after it is loaded again: by which name a gateway knows it, and about which
 * tasks it asked. A browser may refuse to keep anything; then it is asked again.
 *
 * @typedef {object} Remembered
 * @property {string} [device]
 * @property {boolean} [every] it asked about all tasks of its owner
 * @property {string[]} tasks the newest last
 */

/** Tasks that are remembered. */
const MOST = 100;

/** @param {URL} base of the gateway */
const place = (base) => `taskbeam-device ${base}`;

/** @param {URL} base @returns {Remembered} */
export function remembered(base) {
  try {
    return { tasks: [], ...JSON.parse(localStorage.getItem(place(base)) ?? "{}") };
  } catch {
    return { tasks: [] };
  }
}

/** @param {URL} base @param {Remembered} what */
export function remember(base, { device, every, tasks }) {
  try {
    localStorage.setItem(place(base), JSON.stringify({ device, every, tasks: tasks.slice(-MOST) }));
  } catch {
    // Nothing is kept.
  }
}

/** @param {URL} base */
export function forgetAll(base) {
  try {
    localStorage.removeItem(place(base));
  } catch {
    // Nothing was kept.
  }
}
