import { Links } from "./links.js";
import { enter, whenGone } from "./presence.js";

/** @import { Command, Tell } from "./links.js" */

/** What pages and tabs say to each other, and its version. */
export const PROTOCOL = "taskbeam/3";

/** Milliseconds between a tab's looks at the leader, who has that long to answer. */
const TICK = 3_000;

/**
 * One connection for all tabs of a browser: the tab that holds the lock is the leader and has it. The
 * others send it their commands over a BroadcastChannel, and hear there what it tells. When it goes, the next in the
 * lock's queue leads, and every tab subscribes again from its own cursors: nobody keeps state for another.
 * A tab that crashes says no good-bye, but the leader notices.
 */
export class Tabs {
  #name;
  #base;
  #tell;
  #resubscribe;
  #me = crypto.randomUUID();
  /** @type {BroadcastChannel | undefined} */
  #channel;
  /** While this tab leads. @type {Links | undefined} */
  #links;
  #queue = new AbortController();
  #abdicate = () => {};
  /** Whether the leader would notice that this tab is gone. */
  #there = false;
  #leave = () => {};
  /** Tabs whose ends the leader waits for. @type {Set<string>} */
  #followers = new Set();
  #answered = true;
  #tickedAt = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticker;

  /** @param {URL} base @param {Tell} tell @param {() => void} resubscribe this page's subscriptions, from their cursors */
  constructor(base, tell, resubscribe) {
    this.#name = `${PROTOCOL} ${base.href}`;
    this.#base = base;
    this.#tell = tell;
    this.#resubscribe = resubscribe;
    this.resume();
  }

  /** @param {Command} command */
  execute(command) {
    if (this.#links) this.#links.execute(command, this.#me);
    // Not before the leader would notice its end; then this tab subscribes to all that it has.
    else if (this.#there) this.#post({ from: this.#me, command });
  }

  /** The page is put away: whoever is awake leads. */
  suspend() {
    this.execute({ op: "detach" });
    clearInterval(this.#ticker);
    this.#queue.abort();
    this.#stepDown();
    this.#there = false;
    this.#leave();
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
    this.#leave = enter(this.#lockOf(this.#me), () => {
      this.#there = true;
      this.#resubscribe();
    });
  }

  /** @param {string} tab */
  #lockOf(tab) {
    return `${tab} ${this.#name}`;
  }

  /** @param {string} tab that follows something by this one's connection */
  #mind(tab) {
    if (this.#followers.has(tab)) return;
    this.#followers.add(tab);
    whenGone(this.#lockOf(tab), this.#queue.signal, () => {
      this.#followers.delete(tab);
      this.#links?.execute({ op: "detach" }, tab);
    });
  }

  /** @param {object} message */
  #post(message) {
    this.#channel?.postMessage(message);
  }

  /** @param {any} message of a follower: `command`, `hello`; of the leader: `here`, `resubscribe`, `tell` */
  #received({ from, command, hello, here, resubscribe, tell }) {
    if (command && this.#links) {
      this.#links.execute(command, from);
      this.#mind(from);
    }
    // A frozen page still gets messages; only its clock stands.
    if (hello && this.#links && Date.now() - this.#tickedAt < 2 * TICK) this.#post({ here: true });
    if (here) this.#answered = true;
    if (resubscribe) this.#resubscribe();
    if (tell) this.#tell(.../** @type {Parameters<Tell>} */ (tell));
  }

  /** A leader that does not answer is deposed, by a tab that somebody looks at: it is awake. */
  #tick() {
    this.#tickedAt = Date.now();
    if (this.#links || globalThis.document?.hidden) return;
    if (!this.#answered) this.#queueUp(true);
    this.#answered = false;
    this.#post({ hello: true });
  }

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
      this.#resubscribe();
    });
  }

  /** @param {AbortSignal} signal @returns {Promise<void>} resolved when another is to lead */
  async #lead(signal) {
    if (signal.aborted) return;
    this.#links = new Links(this.#base, (...tell) => {
      this.#post({ tell });
      this.#tell(...tell);
    });
    this.#post({ resubscribe: true });
    this.#resubscribe();
    await new Promise((/** @type {(value?: any) => void} */ resolve) => (this.#abdicate = resolve));
  }

  #stepDown() {
    this.#links?.suspend();
    this.#links = undefined;
    this.#followers.clear();
    this.#abdicate();
  }
}

/** @returns {boolean} whether tabs can share here: windows and workers of a secure context can, Node need not */
export function canShare() {
  return !!globalThis.isSecureContext && "locks" in navigator;
}
