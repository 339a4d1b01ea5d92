import { Feed } from "./feed.js";
import { live } from "./lifecycle.js";
import { canShare, Tabs } from "./tabs.js";

/** @import { Cursor } from "./cursor.js" */
/** @import { Line, Mode, Refusal, TaskEvent, Transport } from "./contract.js" */

/**
 * @typedef {object} Seat who follows a task in this page
 * @property {string} taskId
 * @property {Mode} mode
 * @property {Cursor} after
 * @property {string} [token]
 * @property {(event: TaskEvent, first: boolean) => void} heard
 * @property {(line: Line, transport: Transport) => void} line
 * @property {() => void} ended
 * @property {(refusal: Refusal) => void} refused
 */

/** The watches of one page with one gateway. */
export class Switchboard {
  /** @type {Set<Seat>} */
  #seats = new Set();
  #source;

  /** @param {URL} base @param {boolean} share */
  constructor(base, share) {
    const source = (this.#source = share ? new Tabs(base, this) : new Feed(base, this));
    live({
      wake: () => source.wake(),
      suspend: () => source.suspend(),
      resume: () => source.resume(),
    });
  }

  /** Follow from the cursor; again, when something is missing or the token is new. @param {Seat} seat */
  follow(seat) {
    this.#seats.add(seat);
    this.#source.follow(seat.mode, seat.taskId, seat.after, seat.token);
  }

  /** @param {Seat} seat */
  leave(seat) {
    this.#seats.delete(seat);
    if (!this.#at(seat.mode, seat.taskId).length) this.#source.leave(seat.mode, seat.taskId);
  }

  /** @param {Seat} seat */
  drop(seat) {
    this.#source.drop(seat.mode);
  }

  // What the source tells.

  /** The source knows nothing of what was asked before. */
  again() {
    for (const seat of this.#seats) this.follow(seat);
  }

  /** @param {Mode} mode @param {TaskEvent} event @param {boolean} first */
  event(mode, event, first) {
    for (const seat of this.#at(mode, event.task_id)) seat.heard(event, first);
  }

  /** @param {Mode} mode @param {Line} line @param {Transport} transport */
  line(mode, line, transport) {
    for (const seat of this.#seats) if (seat.mode === mode) seat.line(line, transport);
  }

  /** @param {Mode} mode @param {string} taskId */
  ended(mode, taskId) {
    for (const seat of this.#at(mode, taskId)) seat.ended();
  }

  /** @param {Mode} mode @param {string} taskId @param {Refusal} refusal @param {string} [token] the refused one */
  refused(mode, taskId, refusal, token) {
    for (const seat of this.#at(mode, taskId)) {
      if (seat.token === token) seat.refused(refusal);
      else this.follow(seat); // another tab's was refused
    }
  }

  /** @param {Mode} mode @param {string} taskId */
  #at(mode, taskId) {
    return [...this.#seats].filter((seat) => seat.mode === mode && seat.taskId === taskId);
  }
}

/** @type {Map<string, Switchboard>} */
const boards = new Map();

/** @param {URL} base @param {boolean} share @returns {Switchboard} the page's one for the gateway */
export function switchboard(base, share) {
  const shared = share && canShare();
  const key = `${shared} ${base.href}`;
  const board = boards.get(key) ?? new Switchboard(base, shared);
  boards.set(key, board);
  return board;
}
