import { pause } from "./backoff.js";
import { baseOf } from "./base.js";
import { problemOf, TaskError } from "./errors.js";
import { authorization } from "./requests.js";
import { switchboard } from "./switchboard.js";
import { renewal } from "./token.js";

/** @import { Line, Mode, Refusal, Transport } from "./contract.js" */
/** @import { Cursor } from "./cursor.js" */
/** @import { News } from "./links.js" */

/** Codes of refusals that another token may lift: `unauthenticated`, `token_expired`, `token_revoked`. */
const TOKEN = /^(unauthenticated$|token_)/;
/** Milliseconds within which a second refusal is believed. */
const RENEWAL = 10_000;
/** Milliseconds that a request may take: the gateway gives Redis 5,000. */
const ANSWER = 20_000;

/**
 * @typedef {object} FollowOptions
 * @property {string | URL} [baseUrl] of the gateway, relative to the page. Without it: the gateway that served
 *   this module, or `/` in an application's own bundle
 * @property {Mode} [transport]
 * @property {(name: string) => string | Promise<string>} [getToken] called with the id of the task, or the name of the
 *   feed, on start, and before the token ends
 * @property {boolean} [share] one connection for all tabs of the browser, where it can; true without it
 * @property {AbortSignal} [signal] aborted: the watch is closed
 *
 * @typedef {object} Followed what is called as things come; nothing of it once it is over
 * @property {() => void} ready there is a token, or none is needed
 * @property {(event: any, first: boolean) => void} event `first`: the first that the journal still has
 * @property {() => void} ended there is nothing after the cursor, nor will there be
 * @property {(reason: TaskError) => void} gone there is no following it
 * @property {() => void} closed the signal wants it so
 * @property {(line: Line, transport: Transport) => void} line
 */

/** One topic, followed on behalf of a watch: its place on the switchboard, and its tokens. */
export class Following {
  over = false;
  #name;
  #options;
  #listener;
  #base;
  #board;
  /** @type {import("./switchboard.js").Subscription} */
  #subscription;
  /** Whether the switchboard was asked for it. */
  #asked = false;
  /** When another token was asked for because the gateway refused one, Unix ms. */
  #renewedAt = 0;
  #tokenFailures = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #abort = () => this.#listener.closed();

  /**
   * @param {string} topic
   * @param {string} name what a token is asked for with
   * @param {FollowOptions & {after?: string}} options
   * @param {Followed} listener
   */
  constructor(topic, name, options, listener) {
    this.#name = name;
    this.#options = options;
    this.#listener = listener;
    this.#base = baseOf(options.baseUrl);
    this.#board = switchboard(this.#base, options.share ?? true);
    this.#subscription = {
      topic,
      mode: options.transport ?? "auto",
      after: options.after ?? null,
      tell: (news) => this.over || this.#told(news),
    };
  }

  /** Get a token, and be ready. */
  start() {
    const { signal } = this.#options;
    if (signal?.aborted) return this.#abort();
    signal?.addEventListener("abort", this.#abort);
    void this.#authorize();
  }

  get cursor() {
    return this.#subscription.after;
  }
  set cursor(cursor) {
    this.#subscription.after = cursor;
  }

  /** Follow from the cursor; again, where something is missing. @param {string} [topic] by another name */
  follow(topic = this.#subscription.topic) {
    if (this.over) return;
    if (this.#asked && topic !== this.#subscription.topic) this.#board.leave(this.#subscription);
    this.#subscription.topic = topic;
    this.#asked = true;
    this.#board.follow(this.#subscription);
  }

  /** Go on over another transport, from the cursor. @param {Mode} transport */
  use(transport) {
    if (this.over || transport === this.#subscription.mode) return;
    if (this.#asked) this.#board.leave(this.#subscription);
    this.#subscription.mode = transport;
    if (this.#asked) this.#board.follow(this.#subscription);
  }

  /** Cut the line, as a network would. */
  drop() {
    if (!this.over) this.#board.drop(this.#subscription);
  }

  stop() {
    this.over = true;
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener("abort", this.#abort);
    if (this.#asked) this.#board.leave(this.#subscription);
  }

  /**
   * Make a request with the token.
   *
   * @param {string} method
   * @param {string} path behind the topic
   * @param {string} [topic] another one than its own
   * @returns {Promise<any>} rejects with a `TaskError`
   */
  async call(method, path, topic = this.#subscription.topic) {
    const { token } = this.#subscription;
    let response;
    try {
      response = await fetch(new URL(topic + path, this.#base), { method, headers: authorization(token), signal: AbortSignal.timeout(ANSWER) });
      if (response.ok) return response.status === 204 ? null : await response.json();
    } catch {
      throw new TaskError("unreachable", "The gateway cannot be reached.");
    }
    throw await problemOf(response);
  }

  /**
   * Where a browser opens one of a topic's addresses: a link carries no token, so the gateway gives a cookie that reads
   * the topic, or a ticket that is good once.
   *
   * @param {string} address
   * @param {string} [topic] another one than its own: that of a feed's task
   * @returns {Promise<string>} rejects with a `TaskError`
   */
  async admit(address, topic = this.#subscription.topic) {
    const url = new URL(address, this.#base);
    const { token } = this.#subscription;
    if (!token || !url.href.startsWith(new URL(`${topic}/`, this.#base).href)) return url.href;
    // Whoever ended long ago may have a token that has, too.
    const { getToken } = this.#options;
    this.#subscription.token = (await getToken?.(this.#name)) ?? token;
    const sent = url.origin === globalThis.location?.origin && globalThis.isSecureContext;
    const given = await this.call("POST", sent ? "/cookie" : "/tickets", topic);
    if (given) url.searchParams.set("ticket", given.ticket);
    return url.href;
  }

  /** The gateway does not let it be followed: perhaps with another token. @param {Refusal} refusal */
  refused({ code, message }) {
    if (TOKEN.test(code) && this.#options.getToken && Date.now() - this.#renewedAt > RENEWAL) {
      this.#renewedAt = Date.now();
      void this.#authorize();
    } else this.#listener.gone(new TaskError(code, message));
  }

  /** @param {News} news */
  #told(news) {
    if ("event" in news) this.#listener.event(news.event, news.first);
    else if ("line" in news) this.#listener.line(news.line, news.transport);
    else if ("ended" in news) this.#listener.ended();
    else if (news.token === this.#subscription.token) this.refused(news.refused);
    else this.follow(); // it was another tab's token
  }

  async #authorize() {
    clearTimeout(this.#timer);
    const { getToken } = this.#options;
    try {
      this.#subscription.token = await getToken?.(this.#name);
      this.#tokenFailures = 0;
    } catch (error) {
      if (this.over) return;
      if (error instanceof TaskError) this.#listener.gone(error);
      else this.#authorizeIn(pause(this.#tokenFailures++));
      return;
    }
    if (this.over) return;
    const left = renewal(this.#subscription.token ?? "", Date.now());
    if (left !== undefined) this.#authorizeIn(left);
    this.#listener.ready();
  }

  /** @param {number} ms */
  #authorizeIn(ms) {
    this.#timer = setTimeout(() => void this.#authorize(), ms);
  }
}
