/** How times, sizes and numbers are written for people. */

/**
 * `66.6` → `66%`: nothing is called whole before it is; null → nothing
 *
 * @param {number | null} value
 */
export function percentage(value) {
  return value === null ? "" : `${Math.floor(value)}%`;
}

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]/;

/**
 * A text of somebody else's that ours goes on with: written from right to left, it turns none of ours around.
 *
 * @param {string} text
 * @returns {string} the same between Unicode's marks of isolation, where it needs them
 */
export function isolated(text) {
  return RIGHT_TO_LEFT.test(text) ? `\u2068${text}\u2069` : text;
}

/**
 * Seconds → `0 ms`, `113 ms`, `1.24 s`, `2:05 min`
 *
 * @param {number} seconds
 */
export function duration(seconds) {
  if (seconds < 1) return `${Math.max(0, Math.round(seconds * 1000))} ms`;
  if (seconds < 60) return `${seconds.toFixed(2)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")} min`;
}

/**
 * Seconds that somebody may wait → `1 s`, `48 s`, `3 min`
 *
 * @param {number} seconds
 */
export function about(seconds) {
  return seconds < 90 ? `${Math.max(1, Math.ceil(seconds))} s` : `${Math.round(seconds / 60)} min`;
}

/**
 * `1, "event"` → `1 event`; `2, "event"` → `2 events`
 *
 * @param {number} number
 * @param {string} noun
 */
export function counted(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

/**
 * Bytes → `9.4 kB`
 *
 * @param {number} bytes
 */
export function size(bytes) {
  if (bytes < 1e3) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
