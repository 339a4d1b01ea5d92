/** A job's events and its output as lines: each with a key that it is found by again. Pure. */
import { tone } from "../client/job.js";
import { told } from "../look/telling.js";

/** @import { TaskEvent } from "../client/main.js" */
/** @import { Output } from "../client/output.js" */

/**
 * @typedef {object} Line
 * @property {string} key an event's id, or `o12`: the twelfth line of the output
 * @property {string} number as it is shown
 * @property {number} [ts] Unix seconds
 * @property {string} kind of event, or empty
 * @property {string} text
 * @property {string} tone
 * @property {string} type of the event
 *
 * @typedef {{attempt: number, offset: number, ts: number}} Piece that was written at once, in UTF-16 units
 */

/** @param {TaskEvent} event @returns {Line} */
export function eventLine(event) {
  const state = event.type === "gap" ? "GAP" : event.state;
  return {
    key: event.id,
    number: event.id.split("-")[1] ?? "",
    ...(event.type === "gap" ? {} : { ts: event.ts }),
    kind: event.type === "state" || event.type === "progress" ? state : event.type,
    text: event.type === "output" ? event.output.text.trim() : told(event),
    tone: tone(state),
    type: event.type,
  };
}

/** @param {Output} output @param {Piece[]} pieces in their order @param {number} most lines, the newest @returns {Line[]} */
export function outputLines({ attempt, text, offset }, pieces, most) {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop(); // the line that is still to be written
  const written = pieces.filter((piece) => piece.attempt === attempt);
  let [at, piece] = [offset, 0];
  return lines
    .map((line, index) => {
      while (piece + 1 < written.length && (written[piece + 1]?.offset ?? Infinity) <= at) piece += 1;
      const found = written[piece];
      at += line.length + 1;
      // What was there before one joined came at a time that nobody has told.
      const ts = found && found.offset <= at - line.length - 1 ? { ts: found.ts } : {};
      return { key: `o${index + 1}`, number: String(index + 1), ...ts, kind: "", text: line, tone: "done", type: "output" };
    })
    .slice(-most);
}

/** @param {string} text @param {string[]} words in small letters */
export function fits(text, words) {
  const small = text.toLowerCase();
  return words.every((word) => small.includes(word));
}

/** @param {string} search @returns {string[]} */
export function wordsOf(search) {
  return search.toLowerCase().split(/\s+/).filter(Boolean);
}
