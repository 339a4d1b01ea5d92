import { Feed } from "./feed.js";

/** @import { Cursor } from "./cursor.js" */
/** @import { Line, Mode, Refusal, TaskEvent, Transport } from "./contract.js" */

/**
 * @typedef {object} Seat who follows a task in this page
 * @property {string} taskId
 * @property {Mode} mode
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

  /** @param {URL} base */
  constructor(base) {
    this.#source = new Feed(base, this);
    this.#listenToThePage();
  }

  /** Follow from the cursor; again, when something is missing or the token is new.
   * @param {Seat} seat @param {Cursor} after @param {string} [token] */
  follow(seat, after, token) {
    this.#seats.add(seat);
    this.#source.follow(seat.mode, seat.taskId, after, token);
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

  /** @param {Mode} mode @param {string} taskId @param {Refusal} refusal */
  refused(mode, taskId, refusal) {
    for (const seat of this.#at(mode, taskId)) seat.refused(refusal);
  }

  /** @param {Mode} mode @param {string} taskId */
  #at(mode, taskId) {
    return [...this.#seats].filter((seat) => seat.mode === mode && seat.taskId === taskId);
  }

  #listenToThePage() {
    if (typeof globalThis.addEventListener !== "function") return;
    addEventListener("online", () => this.#source.wake());
  }
}

/** @type {Map<string, Switchboard>} */
const boards = new Map();

/** @param {URL} base @returns {Switchboard} the page's one for the gateway */
export function switchboard(base) {
  const board = boards.get(base.href) ?? new Switchboard(base);
  boards.set(base.href, board);
  return board;
}
