import { pause, resting } from "./backoff.js";
import { passing } from "./connection.js";
import { TaskError } from "./errors.js";
import { Following } from "./following.js";
import { continued, due, heard, listed, UNLISTED } from "./roster.js";
import { Target } from "./target.js";
import { feedTopic, taskTopic } from "./topic.js";

/** @import { FeedMessage, FeedPage, JournalEvent, Line, Mode, Rollup, Transport } from "./contract.js" */
/** @import { FeedTask } from "./roster.js" */

/** Tasks that are kept without a `limit`, and at the most: a feed has no more. */
const LIMIT = 100;
const MOST = 1_000;
/** Tasks that the gateway lists in one answer. */
const PAGE = 500;
/** Milliseconds between two lists where nothing is told between transitions: over long-polling. */
const REFRESH = 5_000;

/**
 * @typedef {import("./following.js").FollowOptions & {limit?: number}} FeedOptions
 *   `limit`: how many tasks are kept, the newest; 100 without it, 1,000 at the most
 */

/**
 * What a watch of a feed dispatches.
 *
 * @template [Result=any]
 * @typedef {object} FeedWatchEvents
 * @property {CustomEvent<null>} change the tasks or the roll-up have changed
 * @property {CustomEvent<JournalEvent<Result>>} event something happened to one of the tasks since the list
 * @property {CustomEvent<{line: Line, transport: Transport}>} line
 */

/**
 * Follow the tasks of a feed: `owner:me` is all that are yours.
 *
 * @template [Result=any] what the tasks return
 * @param {string} feed
 * @param {FeedOptions} [options]
 * @returns {FeedWatch<Result>}
 */
export function watchFeed(feed, options) {
  return new FeedWatch(feed, options);
}

/**
 * A feed, followed: its list, kept as its events come.
 *
 * @template [Result=any] what the tasks return
 * @extends {Target<FeedWatchEvents<Result>>}
 */
export class FeedWatch extends Target {
  /** @readonly */
  feed;
  /** @type {Line} */
  line = "connecting";
  /** The one in use. @type {Transport} */
  transport = "websocket";
  /** Why it cannot be followed. @type {TaskError | null} */
  error = null;

  #limit;
  #following;
  #roster = UNLISTED;
  /** Whether the list is on its way, and whether to read it once more. */
  #listing = false;
  #due = false;
  /** Whether it was refused, and is to be read when there is another token. */
  #owed = false;
  #failures = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {string} feed @param {FeedOptions} [options] */
  constructor(feed, options = {}) {
    super();
    this.feed = feed;
    this.#limit = Math.min(MOST, options.limit ?? LIMIT);
    this.#following = new Following(feedTopic(feed), feed, options, {
      ready: () => (this.rollup && !this.#owed ? this.#following.follow() : void this.#list()),
      event: (message) => this.#heard(message),
      ended: () => this.#finish("ended"),
      gone: (reason) => this.#finish("gone", reason),
      closed: () => this.close(),
      line: (line, transport) => this.#setLine(line, transport),
    });
    this.#following.start();
  }

  /** Its tasks, the newest first; another array when one of them has changed. @returns {readonly FeedTask<Result>[]} */
  get tasks() {
    return this.#roster.tasks;
  }

  /** How all tasks of the feed stand; null before its list is there. @returns {Rollup | null} */
  get rollup() {
    return this.#roster.rollup;
  }

  /** @param {Mode} transport to go on over */
  use(transport) {
    this.#following.use(transport);
  }

  /** Cut the line, as a network would; it heals by itself. */
  drop() {
    this.#following.drop();
  }

  /**
   * An address at which a browser opens a file that one of the tasks stored, soon and once: a link cannot carry the token.
   *
   * @param {string} taskId
   * @param {string} address below the task, as `…/tasks/{id}/files/report.pdf`; any other stays as it is
   * @returns {Promise<string>} rejects with a `TaskError`
   */
  async admit(taskId, address) {
    return this.#following.admit(address, taskTopic(taskId));
  }

  /** Stop watching. */
  close() {
    this.#finish("ended");
  }

  /** Read the list; once more, if it is on its way. */
  async #list() {
    this.#due = true;
    if (this.#listing) return;
    this.#listing = true;
    clearTimeout(this.#timer);
    while (this.#due && !this.#following.over) {
      this.#due = false;
      await this.#read().catch((error) => this.#unlisted(error));
    }
    this.#listing = false;
    this.#refresh();
  }

  /** Read the list, and follow from where it ends. */
  async #read() {
    const first = await this.#page("");
    this.#failures = 0;
    this.#owed = false;
    this.#take(listed(this.#roster, first, this.#limit));
    // By its own name: tabs that share a connection may be of two people, who both call theirs `owner:me`.
    this.#following.follow(feedTopic(first.feed));
    await this.#continue(first);
  }

  /** The rest of a list that did not fit into one answer. @param {FeedPage} page */
  async #continue(page) {
    let count = page.tasks.length;
    for (let { next } = page; next && count < this.#limit; { next } = page) {
      page = await this.#page(`&before=${next}`);
      this.#take(continued(this.#roster, page, this.#limit));
      count += page.tasks.length;
    }
  }

  /** @param {string} query @returns {Promise<FeedPage>} */
  #page(query) {
    return this.#following.call("GET", `?limit=${Math.min(PAGE, this.#limit)}${query}`);
  }

  /** @param {TaskError} error */
  #unlisted({ code, message }) {
    if (this.#following.over) return;
    if (!passing(code)) {
      this.#owed = true;
      return this.#following.refused({ code, message });
    }
    this.#after(pause(this.#failures++), () => void this.#list());
    if (!this.rollup) this.#setLine(resting(), this.transport);
  }

  /** @param {number} ms @param {() => void} act */
  #after(ms, act) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, ms);
  }

  /** Over long-polling nobody is told of progress: look now and then, while something may progress. */
  #refresh() {
    if (this.#following.over || this.transport !== "poll" || this.line !== "live" || this.#failures) return;
    const look = () => (this.tasks.some(({ final }) => !final) ? void this.#list() : this.#refresh());
    this.#after(REFRESH, look);
  }

  /** @param {FeedMessage} message */
  #heard(message) {
    const what = due(this.#following.cursor, message);
    if (what === "drop") return;
    if (what === "ask") return this.#following.follow();
    this.#take(heard(this.#roster, message, this.#limit));
    if (message.type === "gap") void this.#list();
    else if (message.event) this.#emit("event", message.event);
  }

  /** @param {import("./roster.js").Roster} roster */
  #take(roster) {
    if (this.#following.over) return;
    this.#roster = roster;
    this.#following.cursor = roster.cursor;
    this.#emit("change", null);
  }

  /** @param {Line} line @param {TaskError} [reason] */
  #finish(line, reason) {
    if (this.#following.over) return;
    this.#following.stop();
    clearTimeout(this.#timer);
    this.error = reason ?? null;
    this.#setLine(line, this.transport);
  }

  /** @param {Line} line @param {Transport} transport */
  #setLine(line, transport) {
    if (this.line === line && this.transport === transport) return;
    this.line = line;
    this.transport = transport;
    this.#emit("line", { line, transport });
    if (line === "live") this.#refresh();
  }

  /** @param {string} type @param {object | null} detail */
  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
