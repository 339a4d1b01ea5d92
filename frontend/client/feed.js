import { Link } from "./link.js";

/** @import { Line, Mode, Transport } from "./contract.js" */
/** @import { TaskNews } from "./connection.js" */
/** @import { Cursor } from "./cursor.js" */

/**
 * A command of whoever follows tasks; `mode` and `taskId` are there where they matter.
 *
 * `follow`: send the task's events after the cursor, with this token. `leave`: stop that. `drop`: cut the connection,
 * as a network would. `wake`: something that was away may be back. `detach`: this tab follows nothing any more.
 *
 * @typedef {object} Command
 * @property {"follow" | "leave" | "drop" | "wake" | "detach"} op
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

  /** @param {Command} command @param {string} [tab] whose it is */
  execute(command, tab = "") {
    const { op, mode } = command;
    if (op === "follow" && mode && !this.#links.has(mode)) {
      this.#links.set(mode, new Link(this.#base, mode, this.#tell));
    }
    for (const [name, link] of this.#links) {
      if (!mode || name === mode) link[op]({ taskId: "", ...command, tab });
    }
  }

  suspend() {
    for (const link of this.#links.values()) link.suspend();
  }

  resume() {
    this.execute({ op: "wake" });
  }
}
