import { passing } from "./connection.js";
import { problemOf, TaskError } from "./errors.js";
import { done, turn } from "./turns.js";

/** @import { Listener, Open, Topic } from "./connection.js" */

/** Milliseconds until a topic is asked for again whose records are missing. */
const MISSING = 5_000;

/**
 * A way of listening: makes one request, and tells the run what it brings. Resolves with whether the topic has
 * ended; when it has not, the next request is made.
 *
 * @typedef {(run: Run) => Promise<boolean>} Listen
 */

/**
 * @param {Listen} listen
 * @returns {Open} a connection that is one request after another for each topic
 */
export function openRequests(listen) {
  return (base, topics, listener) => {
    /** @type {Map<string, Run>} */
    const runs = new Map();
    /** @param {string} name */
    const forget = (name) => {
      runs.get(name)?.stop();
      runs.delete(name);
    };
    /** @param {string} name */
    const ask = (name) => {
      forget(name);
      const run = new Run(base, name, /** @type {Topic} */ (topics.get(name)), listener);
      runs.set(name, run);
      void run.go(listen);
    };
    for (const name of topics.keys()) ask(name);
    return {
      ask,
      forget,
      check() {
        const now = Date.now();
        if ([...runs.values()].some(({ deadline }) => now > deadline)) listener.failed("silent");
      },
      close() {
        for (const name of runs.keys()) forget(name);
      },
    };
  };
}

/** The requests of one topic, one after another. Once it is stopped it tells nothing. */
export class Run {
  /** When to give up, Unix ms. */
  deadline = Infinity;
  /** Whether nothing was heard yet. */
  fresh = true;
  /** Whether the next event with an id is the first that the journal still has. */
  first = false;
  #url;
  #name;
  #topic;
  #listener;
  #controller = new AbortController();
  #open = false;

  /** @param {URL} base @param {string} name @param {Topic} topic @param {Listener} listener */
  constructor(base, name, topic, listener) {
    this.#url = new URL(`${name}/events`, base);
    this.#name = name;
    this.#topic = topic;
    this.#listener = listener;
  }

  get stopped() {
    return this.#controller.signal.aborted;
  }

  stop() {
    this.#controller.abort();
  }

  /** @param {Listen} listen */
  async go(listen) {
    while (!this.stopped) {
      await turn();
      let rest = 0;
      try {
        if (!this.stopped && (await listen(this))) this.#end((listener) => listener.tell(this.#name, { ended: true }));
      } catch (error) {
        rest = this.#failed(error);
      } finally {
        this.deadline = Infinity;
        done();
      }
      if (rest) await new Promise((resolve) => setTimeout(resolve, rest));
    }
  }

  /**
   * @param {string} accept
   * @param {Record<string, string>} query
   * @param {number} patience ms until the answer begins
   * @returns {Promise<Response>}
   */
  async get(accept, query, patience) {
    const { after, token } = this.#topic;
    this.#url.search = String(new URLSearchParams(after ? { ...query, after } : query));
    this.first = !after;
    this.#open = false;
    this.wait(patience);
    const headers = { Accept: accept, ...authorization(token) };
    const response = await fetch(this.#url, { headers, cache: "no-store", signal: this.#controller.signal });
    this.#open = true;
    if (!response.ok) throw await problemOf(response);
    if (!this.stopped) this.#listener.opened();
    return response;
  }

  /** @param {number} ms how long there may be silence from now on */
  wait(ms) {
    this.deadline = Date.now() + ms;
  }

  heard() {
    this.fresh = false;
    if (!this.stopped) this.#listener.heard();
  }

  /** @param {any} event */
  event(event) {
    const first = this.first && !!event.id;
    if (!this.stopped) this.#listener.tell(this.#name, { event, first });
    if (first) this.first = false;
  }

  /** @param {any} error @returns {number} ms after which to ask again; 0 where it is over with these requests */
  #failed(error) {
    const { code, message } = error;
    // Redis has lost what belongs to this topic, which may go on. The others are well.
    if (code === "records_missing") return MISSING;
    this.#end((listener) => {
      if (!(error instanceof TaskError)) listener.failed(this.#open ? "cut" : "refused");
      else if (passing(code)) listener.failed("refused");
      else listener.tell(this.#name, { refused: { code, message } });
    });
    return 0;
  }

  /** @param {(listener: Listener) => void} tell */
  #end(tell) {
    if (this.stopped) return;
    this.stop();
    tell(this.#listener);
  }
}

/**
 * @param {string | undefined} token
 * @returns {Record<string, string>}
 */
export function authorization(token) {
  return token ? { Authorization: `Bearer ${token}` } : {};
}
