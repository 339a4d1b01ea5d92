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
  const [left, right] = [sortable(a), sortable(b)];
  return left < right ? -1 : Number(left > right);
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
  if (event.type === "gap") return concerns(cursor, event) ? "take" : "drop";
  if (compare(event.id, cursor) <= 0) return "drop";
  const [epoch, seq] = cursor.split("-");
  return event.id === `${epoch}-${Number(seq) + 1}` ? "take" : "ask";
}

/**
 * Whether a gap is one for this cursor, too, which may not be the one that was asked with.
 *
 * @param {string} cursor
 * @param {import("./contract.js").GapEvent} event
 */
function concerns(cursor, { id, gap }) {
  const epochs = new Set([cursor, gap.after, id].map((each) => each.split("-")[0]));
  // Within one epoch: the journal lost its newest events, so the stream goes back.
  const shorter = gap.reason === "epoch" && epochs.size === 1;
  return gap.after === cursor || shorter || compare(id, cursor) > 0;
}

/** Digits by size: an epoch may be larger than a double holds exactly. @param {Cursor} id */
const sortable = (id) => id?.split("-").map((part) => part.padStart(16, "0")).join() ?? "";
