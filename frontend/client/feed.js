import { Link } from "./link.js";

/** @import { Line, Mode, Transport } from "./contract.js" */
/** @import { TaskNews } from "./connection.js" */
/** @import { Cursor } from "./cursor.js" */

/**
 * What whoever follows tasks asks for; `mode` and `taskId` are there where they matter.
 *
 * `follow`: the task's events after the cursor, shown the token; `leave` it; `drop` the connection, as a network
 * would; `wake`: something that was away may be back; `bye`: this tab follows nothing any more.
 *
 * @typedef {object} Wish
 * @property {"follow" | "leave" | "drop" | "wake" | "bye"} op
 * @property {Mode} [mode]
 * @property {string} [taskId]
 * @property {Cursor} [after]
 * @property {string} [token]
 *
 * @typedef {TaskNews & {token?: string} | {line: Line, transport: Transport}} News
 *   of a task, with the token that it was asked for with; or of the line, for all tasks
 * @typedef {(mode: Mode, taskId: string | undefined, news: News) => void} Tell
 */

/** The links of one page with one gateway: one for all tasks whose transport is chosen, one for each asked for. */
export class Feed {
  #base;
  #tell;
  /** @type {Map<Mode, Link>} */
  #links = new Map();

  /** @param {URL} base @param {Tell} tell */
  constructor(base, tell) {
    this.#base = base;
    this.#tell = tell;
  }

  /** @param {Wish} wish @param {string} [tab] whose it is */
  obey(wish, tab = "") {
    const { op, mode } = wish;
    if (op === "follow" && mode && !this.#links.has(mode)) {
      this.#links.set(mode, new Link(this.#base, mode, this.#tell));
    }
    for (const [name, link] of this.#links) {
      if (!mode || name === mode) link[op]({ taskId: "", ...wish, tab });
    }
  }

  suspend() {
    for (const link of this.#links.values()) link.suspend();
  }

  resume() {
    this.obey({ op: "wake" });
  }
}
