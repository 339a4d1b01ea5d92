/**
 * The order of event ids, and what to do with an event that arrives. Pure; tests/data/cursor_cases.json holds
 * these rules and the gateway's to the same cases.
 *
 * An id is `epoch-seq`, and seq counts from 1 without holes. No cursor (null) is older than any.
 *
 * @typedef {string | null} Cursor
 * @import { TaskEvent } from "./contract.js"
 */

/**
 * @param {Cursor} a
 * @param {Cursor} b
 * @returns {number} negative when `a` is older than `b`, 0 when they are the same, else positive
 */
export function compare(a, b) {
  if (!a || !b) return Number(!!a) - Number(!!b);
  const [epoch = "", seq = ""] = a.split("-");
  const [otherEpoch = "", otherSeq = ""] = b.split("-");
  return size(epoch, otherEpoch) || size(seq, otherSeq);
}

/**
 * What a client whose cursor is `cursor` does with an event.
 *
 * `ask`: something is missing before it, so the gateway is to be asked for what follows the cursor.
 * Without a cursor, only the beginning of a replay from the start is taken: what a stream brings that began
 * elsewhere says nothing about what was before.
 *
 * @param {Cursor} cursor
 * @param {TaskEvent} event
 * @param {boolean} first whether the event is the first that the journal still has
 * @returns {"take" | "drop" | "ask"}
 */
export function verdict(cursor, event, first) {
  if (cursor === null) return first ? "take" : "drop";
  if (event.type === "gap") return concerns(cursor, event.gap.after, event.gap.reason, event.id) ? "take" : "drop";
  if (compare(event.id, cursor) <= 0) return "drop";
  return event.id === next(cursor) ? "take" : "ask";
}

/**
 * Whether a gap, told for the cursor `after`, is one for this cursor, too: others may follow the same stream.
 *
 * @param {string} cursor
 * @param {string} after
 * @param {string} reason
 * @param {string} resume where the stream goes on
 */
function concerns(cursor, after, reason, resume) {
  // Within one epoch: the journal lost its newest events, so the stream goes back.
  const shorter = reason === "epoch" && epochOf(after) === epochOf(resume) && epochOf(cursor) === epochOf(after);
  return after === cursor || shorter || compare(resume, cursor) > 0;
}

/** @param {string} id */
const epochOf = (id) => id.split("-")[0];

/** @param {string} id */
const next = (id) => `${epochOf(id)}-${Number(id.split("-")[1]) + 1}`;

/** Decimal digits without leading zeros, by size; an epoch may be larger than a double holds exactly.
 * @param {string} a
 * @param {string} b
 */
const size = (a, b) => a.length - b.length || (a < b ? -1 : Number(a > b));
