/**
 * The text that a task writes, put together from its pieces. Pure; tests/data/output_cases.json holds it to its cases.
 *
 * @import { OutputEvent, TextSoFar } from "./contract.js"
 *
 * @typedef {object} Output
 * @property {number} attempt whose text it is
 * @property {string} text
 * @property {number} offset of its beginning, in UTF-16 units: 0 unless that was lost
 * @property {number} end of it, in UTF-16 units: farther than its length says, where Redis has lost some in between
 * @property {number} omitted how many units of it are nowhere to be had
 */

/**
 * The text after one more piece. Of one attempt a text only grows: what is there already, and is told again to this tab
 * or to another that shares its connection, changes nothing.
 *
 * @param {Output | undefined} before
 * @param {OutputEvent | TextSoFar} event
 * @returns {Output}
 */
export function written(before, { id, attempt, output }) {
  if (before && attempt < before.attempt) return before;
  const { offset, text, omitted = 0 } = output;
  const told = { attempt, text, offset, omitted, end: offset + text.length };
  if (before?.attempt !== attempt) return told;
  told.omitted = Math.max(before.omitted, omitted);
  if (told.end <= before.end) return told.omitted > before.omitted ? { ...before, omitted } : before;
  // Without an id it is all that was written so far.
  return id ? { ...told, text: before.text + text.slice(Math.max(0, before.end - offset)), offset: before.offset } : told;
}
