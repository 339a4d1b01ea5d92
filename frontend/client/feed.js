import { Link } from "./link.js";

/** @import { Cursor } from "./cursor.js" */
/** @import { Line, Mode, Refusal, TaskEvent, Transport } from "./contract.js" */

/**
 * @typedef {object} Board what a source of events tells
 * @property {(mode: Mode, event: TaskEvent, first: boolean) => void} event
 * @property {(mode: Mode, line: Line, transport: Transport) => void} line
 * @property {(mode: Mode, taskId: string) => void} ended
 * @property {(mode: Mode, taskId: string, refusal: Refusal, token?: string) => void} refused
 * @property {() => void} again whatever is to be followed is to be asked for again
 */

/** The links of one page with one gateway: one for all tasks whose transport is chosen, one for each asked for. */
export class Feed {
  #base;
  #board;
  /** @type {Map<Mode, Link>} */
  #links = new Map();

  /** @param {URL} base @param {Board} board */
  constructor(base, board) {
    this.#base = base;
    this.#board = board;
  }

  /** @param {Mode} mode @param {string} taskId @param {Cursor} after @param {string} [token] */
  follow(mode, taskId, after, token) {
    const link = this.#links.get(mode) ?? new Link(this.#base, mode, this.#board);
    this.#links.set(mode, link);
    link.follow(taskId, after, token);
  }

  /** @param {Mode} mode @param {string} taskId */
  leave(mode, taskId) {
    this.#links.get(mode)?.leave(taskId);
  }

  /** @param {Mode} mode */
  drop(mode) {
    this.#links.get(mode)?.drop();
  }

  wake() {
    for (const link of this.#links.values()) link.wake();
  }

  suspend() {
    for (const link of this.#links.values()) link.suspend();
  }

  resume() {
    this.wake();
  }
}
