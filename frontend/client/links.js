import { Link } from "./link.js";

/** @import { Line, Mode, Transport } from "./contract.js" */
/** @import { TopicNews } from "./connection.js" */
/** @import { Cursor } from "./cursor.js" */

/**
 * A command of whoever follows something; `mode` and `topic` are there where they matter.
 *
 * `follow`: send the topic's events after the cursor, with this token. `leave`: stop that. `drop`: cut the connection,
 * as a network would. `wake`: something that was away may be back. `detach`: this tab follows nothing any more.
 *
 * @typedef {object} Command
 * @property {"follow" | "leave" | "drop" | "wake" | "detach"} op
 * @property {Mode} [mode]
 * @property {string} [topic] its name
 * @property {Cursor} [after]
 * @property {string} [token]
 *
 * @typedef {TopicNews & {token?: string} | {line: Line, transport: Transport}} News
 *   of a topic, with the token that it was asked for with; or of the line, for all topics
 * @typedef {(mode: Mode, topic: string | undefined, news: News) => void} Tell
 */

/** The links of one page with one gateway: one for all topics whose transport is chosen, one for each asked for. */
export class Links {
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
      if (!mode || name === mode) link[op]({ topic: "", ...command, tab });
    }
  }

  suspend() {
    for (const link of this.#links.values()) link.suspend();
  }

  resume() {
    this.execute({ op: "wake" });
  }
}
