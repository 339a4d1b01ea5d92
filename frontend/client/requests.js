import { passing } from "./connection.js";
import { problemOf, TaskError } from "./errors.js";
import { done, turn } from "./turns.js";

/** @import { Listener, Open, Topic } from "./connection.js" */

/**
 * A way of listening: makes one request, and tells the run what it brings. Resolves with whether the task has
 * ended; when it has not, the next request is made.
 *
 * @typedef {(run: Run) => Promise<boolean>} Listen
 */

/**
 * @param {Listen} listen
 * @returns {Open} a connection that is one request after another for each task
 */
export function openRequests(listen) {
  return (base, topics, listener) => {
    /** @type {Map<string, Run>} */
    const runs = new Map();
    /** @param {string} taskId */
    const forget = (taskId) => {
      runs.get(taskId)?.stop();
      runs.delete(taskId);
    };
    /** @param {string} taskId */
    const ask = (taskId) => {
      forget(taskId);
      const run = new Run(base, taskId, /** @type {Topic} */ (topics.get(taskId)), listener);
      runs.set(taskId, run);
      void run.go(listen);
    };
    for (const taskId of topics.keys()) ask(taskId);
    return {
      ask,
      forget,
      check() {
        const now = Date.now();
        if ([...runs.values()].some(({ deadline }) => now > deadline)) listener.failed("silent");
      },
      close() {
        for (const taskId of runs.keys()) forget(taskId);
      },
    };
  };
}

/** The requests of one task, one after another. Once it is stopped it tells nothing. */
export class Run {
  /** When to give up, Unix ms. */
  deadline = Infinity;
  /** Whether nothing was heard yet. */
  fresh = true;
  /** Whether the next event is the first that the journal still has. */
  first = false;
  #url;
  #taskId;
  #topic;
  #listener;
  #controller = new AbortController();
  #open = false;

  /** @param {URL} base @param {string} taskId @param {Topic} topic @param {Listener} listener */
  constructor(base, taskId, topic, listener) {
    this.#url = new URL(`tasks/${encodeURIComponent(taskId)}/events`, base);
    this.#taskId = taskId;
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
      try {
        if (!this.stopped && (await listen(this))) this.#end((listener) => listener.tell(this.#taskId, { ended: true }));
      } catch (error) {
        this.#failed(error);
      } finally {
        this.deadline = Infinity;
        done();
      }
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
    if (!this.stopped) this.#listener.tell(this.#taskId, { event, first: this.first });
    this.first = false;
  }

  /** @param {any} error */
  #failed(error) {
    this.#end((listener) => {
      const { code, message } = error;
      if (!(error instanceof TaskError)) listener.failed(this.#open ? "cut" : "refused");
      else if (passing(code)) listener.failed("refused");
      else listener.tell(this.#taskId, { refused: { code, message } });
    });
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
