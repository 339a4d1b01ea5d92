import { Feed } from "./feed.js";
import { live } from "./lifecycle.js";
import { canShare, Tabs } from "./tabs.js";

/** @import { Mode } from "./contract.js" */
/** @import { Cursor } from "./cursor.js" */
/** @import { News } from "./feed.js" */

/**
 * @typedef {object} Seat who follows a task in this page
 * @property {string} taskId
 * @property {Mode} mode
 * @property {Cursor} after
 * @property {string} [token]
 * @property {(news: News) => void} tell
 */

/** The watches of one page with one gateway. */
export class Switchboard {
  /** @type {Set<Seat>} */
  #seats = new Set();
  #source;

  /** @param {URL} base @param {boolean} share */
  constructor(base, share) {
    /** @type {import("./feed.js").Tell} */
    const tell = (mode, taskId, news) => {
      for (const seat of this.#at(mode, taskId)) seat.tell(news);
    };
    const again = () => {
      for (const seat of this.#seats) this.follow(seat);
    };
    this.#source = share ? new Tabs(base, tell, again) : new Feed(base, tell);
    live(this.#source);
  }

  /** Follow from the cursor; again, when something is missing or the token is new. @param {Seat} seat */
  follow(seat) {
    const { mode, taskId, after, token } = seat;
    this.#seats.add(seat);
    this.#source.obey({ op: "follow", mode, taskId, after, token });
  }

  /** @param {Seat} seat */
  leave(seat) {
    const { mode, taskId } = seat;
    this.#seats.delete(seat);
    if (!this.#at(mode, taskId).length) this.#source.obey({ op: "leave", mode, taskId });
  }

  /** @param {Seat} seat */
  drop({ mode }) {
    this.#source.obey({ op: "drop", mode });
  }

  /** @param {Mode} mode @param {string} [taskId] all without it */
  #at(mode, taskId) {
    return [...this.#seats].filter((seat) => seat.mode === mode && (taskId ?? seat.taskId) === seat.taskId);
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
