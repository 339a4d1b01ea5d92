import { Feed } from "./feed.js";
import { live } from "./lifecycle.js";
import { canShare, Tabs } from "./tabs.js";

/** @import { Mode } from "./contract.js" */
/** @import { Cursor } from "./cursor.js" */
/** @import { News } from "./feed.js" */

/**
 * @typedef {object} Subscription one watch of this page, and where it stands
 * @property {string} taskId
 * @property {Mode} mode
 * @property {Cursor} after
 * @property {string} [token]
 * @property {(news: News) => void} tell
 */

/** The watches of one page with one gateway. */
export class Switchboard {
  /** @type {Set<Subscription>} */
  #subscriptions = new Set();
  #source;

  /** @param {URL} base @param {boolean} share */
  constructor(base, share) {
    /** @type {import("./feed.js").Tell} */
    const tell = (mode, taskId, news) => {
      for (const subscription of this.#at(mode, taskId)) subscription.tell(news);
    };
    const resubscribe = () => {
      for (const subscription of this.#subscriptions) this.follow(subscription);
    };
    this.#source = share ? new Tabs(base, tell, resubscribe) : new Feed(base, tell);
    live(this.#source);
  }

  /** Follow from the cursor; again, when something is missing or the token is new. @param {Subscription} subscription */
  follow(subscription) {
    const { tell, ...followed } = subscription;
    this.#subscriptions.add(subscription);
    this.#source.execute({ op: "follow", ...followed });
  }

  /** @param {Subscription} subscription */
  leave(subscription) {
    const { mode, taskId } = subscription;
    this.#subscriptions.delete(subscription);
    if (!this.#at(mode, taskId).length) this.#source.execute({ op: "leave", mode, taskId });
  }

  /** @param {Subscription} subscription */
  drop({ mode }) {
    this.#source.execute({ op: "drop", mode });
  }

  /** @param {Mode} mode @param {string} [taskId] all without it */
  #at(mode, taskId) {
    return [...this.#subscriptions].filter((subscription) => subscription.mode === mode && (taskId ?? subscription.taskId) === subscription.taskId);
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
