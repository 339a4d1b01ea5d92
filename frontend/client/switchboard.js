import { live } from "./lifecycle.js";
import { Links } from "./links.js";
import { canShare, PROTOCOL, Tabs } from "./tabs.js";

/** @import { Mode } from "./contract.js" */
/** @import { Cursor } from "./cursor.js" */
/** @import { News } from "./links.js" */

/**
 * @typedef {object} Subscription one watch of this page, and where it stands
 * @property {string} topic its name
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
    /** @type {import("./links.js").Tell} */
    const tell = (mode, topic, news) => {
      for (const subscription of this.#at(mode, topic)) subscription.tell(news);
    };
    const resubscribe = () => {
      for (const subscription of this.#subscriptions) this.follow(subscription);
    };
    this.#source = share ? new Tabs(base, tell, resubscribe) : new Links(base, tell);
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
    const { mode, topic } = subscription;
    this.#subscriptions.delete(subscription);
    if (!this.#at(mode, topic).length) this.#source.execute({ op: "leave", mode, topic });
  }

  /** @param {Subscription} subscription */
  drop({ mode }) {
    this.#source.execute({ op: "drop", mode });
  }

  /** @param {Mode} mode @param {string} [topic] all without it */
  #at(mode, topic) {
    return [...this.#subscriptions].filter((subscription) => subscription.mode === mode && (topic ?? subscription.topic) === subscription.topic);
  }
}

/** Of the page: each of the files that a gateway serves has a client of its own. @type {Map<string, Switchboard>} */
const boards = (/** @type {any} */ (globalThis)[Symbol.for(PROTOCOL)] ??= new Map());

/** @param {URL} base @param {boolean} share @returns {Switchboard} the page's one for the gateway */
export function switchboard(base, share) {
  const shared = share && canShare();
  const key = `${shared} ${base.href}`;
  const board = boards.get(key) ?? new Switchboard(base, shared);
  boards.set(key, board);
  return board;
}
