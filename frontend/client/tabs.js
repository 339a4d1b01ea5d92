import { Feed } from "./feed.js";

/** @import { Board } from "./feed.js" */
/** @import { Cursor } from "./cursor.js" */
/** @import { Mode } from "./contract.js" */

/** Milliseconds between a tab's looks at the leader, who has that long to answer. */
const TICK = 3_000;

/**
 * What a tab asks of the leader. It says from where on, so that whoever leads next needs to know nothing.
 *
 * @typedef {object} Wish
 * @property {"follow" | "leave" | "drop" | "wake" | "hello" | "bye"} op
 * @property {Mode} [mode]
 * @property {string} [taskId]
 * @property {Cursor} [after]
 * @property {string} [token]
 */

/**
 * One connection for all tabs of a browser: the tab that holds the lock is the leader and has it, the others
 * hear what it tells over a BroadcastChannel. When it goes, the next in the lock's queue leads, and every tab
 * asks it for what follows its own cursors.
 */
export class Tabs {
  #name;
  #base;
  #board;
  #me = crypto.randomUUID();
  /** @type {BroadcastChannel | undefined} */
  #channel;
  /** While this tab leads. @type {Feed | undefined} */
  #feed;
  /** As the leader: which tabs follow what. @type {Map<string, Set<string>>} */
  #followers = new Map();
  #queue = new AbortController();
  #abdicate = () => {};
  #answered = true;
  #tickedAt = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticker;

  /** @param {URL} base @param {Board} board */
  constructor(base, board) {
    this.#name = `taskbeam/1 ${base.href}`;
    this.#base = base;
    this.#board = board;
    this.resume();
  }

  /** @param {Mode} mode @param {string} taskId @param {Cursor} after @param {string} [token] */
  follow(mode, taskId, after, token) {
    this.#wish({ op: "follow", mode, taskId, after, token });
  }

  /** @param {Mode} mode @param {string} taskId */
  leave(mode, taskId) {
    this.#wish({ op: "leave", mode, taskId });
  }

  /** @param {Mode} mode */
  drop(mode) {
    this.#wish({ op: "drop", mode });
  }

  wake() {
    this.#wish({ op: "wake" });
  }

  /** The page is put away: whoever is awake leads. */
  suspend() {
    this.#wish({ op: "bye" });
    clearInterval(this.#ticker);
    this.#queue.abort();
    this.#stepDown();
    this.#channel?.close();
    this.#channel = undefined;
  }

  resume() {
    if (this.#channel) return;
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.onmessage = ({ data }) => this.#received(data);
    this.#answered = true;
    this.#tickedAt = Date.now();
    this.#ticker = setInterval(() => this.#tick(), TICK);
    this.#queueUp();
    this.#board.again();
  }

  /** @param {Wish} wish */
  #wish(wish) {
    if (this.#feed) this.#grant(this.#me, wish);
    else this.#channel?.postMessage({ from: this.#me, wish });
  }

  /** @param {any} message */
  #received({ from, wish, tell, args }) {
    if (tell) {
      if (tell === "here") this.#answered = true;
      else this.#say(tell, args);
    } else if (this.#feed) this.#grant(from, wish);
  }

  /** @param {keyof Board} tell @param {any[]} args */
  #say(tell, args) {
    /** @type {(...args: any[]) => void} */ (this.#board[tell]).apply(this.#board, args);
  }

  /** A leader that does not answer is deposed, by a tab that somebody looks at: it is awake. */
  #tick() {
    this.#tickedAt = Date.now();
    if (this.#feed || globalThis.document?.visibilityState === "hidden") return;
    if (!this.#answered) this.#queueUp(true);
    this.#answered = false;
    this.#wish({ op: "hello" });
  }

  // The leader.

  /** @param {boolean} [steal] whether to take the lock from whoever has it */
  #queueUp(steal = false) {
    this.#queue.abort();
    const { signal } = (this.#queue = new AbortController());
    const lead = () => this.#lead(signal);
    navigator.locks.request(this.#name, steal ? { steal } : { signal }, lead).catch(({ name }) => {
      if (signal.aborted) return;
      // A page without an origin of its own may take no lock, nor has it other tabs.
      if (name !== "AbortError") return void lead();
      this.#stepDown();
      this.#queueUp();
      this.#board.again();
    });
  }

  /** @param {AbortSignal} signal @returns {Promise<void>} resolved when another is to lead */
  async #lead(signal) {
    if (signal.aborted) return;
    const abdication = new Promise((/** @type {(value?: any) => void} */ resolve) => (this.#abdicate = resolve));
    /** @param {keyof Board} tell @returns {(...args: any[]) => void} */
    const toAll = (tell) => (...args) => {
      this.#channel?.postMessage({ tell, args });
      this.#say(tell, args);
    };
    this.#feed = new Feed(this.#base, {
      again: toAll("again"),
      event: toAll("event"),
      line: toAll("line"),
      ended: toAll("ended"),
      refused: toAll("refused"),
    });
    toAll("again")();
    await abdication;
  }

  #stepDown() {
    this.#feed?.suspend();
    this.#feed = undefined;
    this.#followers.clear();
    this.#abdicate();
  }

  /** @param {string} from @param {Wish} wish */
  #grant(from, { op, mode = "auto", taskId = "", after = null, token }) {
    const feed = /** @type {Feed} */ (this.#feed);
    const key = `${mode} ${taskId}`;
    if (op === "follow") {
      const tabs = this.#followers.get(key) ?? new Set();
      this.#followers.set(key, tabs.add(from));
      feed.follow(mode, taskId, after, token);
    } else if (op === "leave") this.#forget(from, key);
    else if (op === "bye") for (const each of [...this.#followers.keys()]) this.#forget(from, each);
    else if (op === "drop") feed.drop(mode);
    else if (op === "wake") feed.wake();
    // A frozen page still gets messages; only its clock stands.
    else if (Date.now() - this.#tickedAt < 2 * TICK) this.#channel?.postMessage({ tell: "here" });
  }

  /** @param {string} tab @param {string} key */
  #forget(tab, key) {
    const tabs = this.#followers.get(key);
    if (!tabs?.delete(tab) || tabs.size) return;
    this.#followers.delete(key);
    const [mode, ...taskId] = key.split(" ");
    this.#feed?.leave(/** @type {Mode} */ (mode), taskId.join(" "));
  }
}

/** @returns {boolean} whether tabs can share here: workers and windows of a secure context can, Node need not */
export function canShare() {
  return globalThis.isSecureContext === true && !!navigator.locks && typeof BroadcastChannel === "function";
}
