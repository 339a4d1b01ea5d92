import { LIFE, pause, resting } from "./backoff.js";
import { compare } from "./cursor.js";
import * as ladders from "./ladder.js";
import { openPoll } from "./poll.js";
import { openSocket } from "./socket.js";
import { isStranger } from "./stranger.js";
import { openStream } from "./stream.js";
import { isFeed } from "./topic.js";

/** @import { Connection, Listener, Topic, TopicNews } from "./connection.js" */
/** @import { Cursor } from "./cursor.js" */
/** @import { Failure } from "./ladder.js" */
/** @import { Tell } from "./links.js" */
/** @import { Line, Mode, Transport } from "./contract.js" */

/** @type {Readonly<Record<Transport, import("./connection.js").Open>>} */
const OPEN = { websocket: openSocket, sse: openStream, poll: openPoll };

/** @type {readonly Transport[]} */
const ALL = typeof WebSocket === "function" ? ["websocket", "sse", "poll"] : ["sse", "poll"];

/** Milliseconds: how often a connection is checked, and how late that is when the computer has slept. */
const TICK = 2_000;
const SLEPT = 15_000;
/** Milliseconds until a better transport is tried beside the one in use; doubled each time, up to the longest. */
const FIRST_CLIMB = 30_000;
const LONGEST_CLIMB = 600_000;

/** @typedef {{topic: string, tab: string, after?: Cursor, token?: string}} Asked a command and the tab that gave it */

/** Topics over one connection at a time, which is made again from their cursors whenever it is lost. */
export class Link {
  #base;
  #mode;
  #tell;
  #ladder;
  /** @type {Map<string, Topic>} */
  #topics = new Map();
  /** @type {Connection | undefined} */
  #connection;
  /** A better transport that is tried while the connection goes on. @type {Connection | undefined} */
  #probe;
  /** @type {Line} */
  #line = "connecting";
  #failures = 0;
  /** Whether anything ever opened: then the gateway knows this page. */
  #known = false;
  #climbs = 0;
  #openedAt = 0;
  #tickedAt = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #climb;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticker;

  /** @param {URL} base @param {Mode} mode @param {Tell} tell */
  constructor(base, mode, tell) {
    this.#base = base;
    this.#mode = mode;
    this.#tell = tell;
    this.#ladder = ladders.ladder(mode === "auto" ? ALL : [mode]);
  }

  /** Tell the topic's events after the cursor. Whoever follows it already gets some of them again. @param {Asked} asked */
  follow({ topic: name, after = null, token, tab }) {
    /** @type {Topic} */
    const topic = this.#topics.get(name) ?? { after, token, tabs: new Set() };
    // Whoever comes to a feed may have missed what has no number: a gateway that is asked tells where the tasks stand.
    const untold = isFeed(name) && ladders.transport(this.#ladder) !== "poll";
    const due = untold || !topic.tabs.size || compare(after, topic.after) < 0 || (token && token !== topic.token);
    this.#topics.set(name, topic);
    topic.tabs.add(tab);
    if (due) {
      if (compare(after, topic.after) < 0) topic.after = after;
      topic.token = token ?? topic.token;
      this.#connection?.ask(name);
    }
    if (this.#connection || this.#retry) this.#say(this.#line);
    else this.#connect();
  }

  /** @param {Asked} asked */
  leave({ topic, tab }) {
    const tabs = this.#topics.get(topic)?.tabs;
    if (tabs?.delete(tab) && !tabs.size) this.#forget(topic);
  }

  /** @param {Asked} asked */
  detach({ tab }) {
    for (const topic of this.#topics.keys()) this.leave({ topic, tab });
  }

  /** Let the connection go, and keep the cursors. */
  suspend() {
    this.#cut();
    this.#line = "connecting";
    clearInterval(this.#ticker);
    this.#ticker = undefined;
  }

  /** The network or the computer may have come back: do not wait, and trust nothing. */
  wake() {
    if (!this.#topics.size) return;
    if (this.#line === "live") {
      this.#connection?.check(true);
      if (this.#ladder.at > 0) this.#try();
    } else {
      this.#ladder = ladders.steady(this.#ladder, 0);
      this.#connect();
    }
  }

  /** Cut the connection, as a network would. */
  drop() {
    if (this.#connection) this.#lost(pause(this.#failures++));
  }

  /** @param {string} name */
  #forget(name) {
    this.#topics.delete(name);
    this.#connection?.forget(name);
    // Not at once: whoever leaves one topic often follows the next.
    if (!this.#topics.size) setTimeout(() => this.#topics.size || this.suspend());
  }

  #cut() {
    this.#connection?.close();
    this.#connection = undefined;
    this.#stopClimbing();
    clearTimeout(this.#retry);
    this.#retry = undefined;
  }

  #connect() {
    this.#cut();
    this.#ticker ??= setInterval(() => this.#tick(), TICK);
    this.#tickedAt = Date.now();
    this.#say("connecting");
    const transport = ladders.transport(this.#ladder);
    this.#connection = this.#open(transport, this.#topics, {
      opened: () => this.#opened(),
      heard: () => this.#heard(transport),
      failed: (failure) => this.#failed(failure),
      tell: (name, news) => this.#told(name, news),
    });
  }

  /** @param {Transport} transport @param {ReadonlyMap<string, Topic>} topics @param {Listener} listener */
  #open(transport, topics, listener) {
    try {
      return OPEN[transport](this.#base, topics, listener);
    } catch {
      return void listener.failed("refused"); // no such transport here, or a policy forbids it
    }
  }

  #opened() {
    this.#known = true;
    if (this.#line === "live") return;
    this.#openedAt = Date.now();
    this.#say("live");
  }

  /** @param {Transport} transport */
  #heard(transport) {
    this.#ladder = ladders.heard(this.#ladder, transport);
    if (Date.now() - this.#openedAt > LIFE) {
      this.#ladder = ladders.steady(this.#ladder);
      this.#failures = 0;
    }
    if (this.#ladder.at > 0) this.#climb ??= setTimeout(() => this.#try(), climbPause(this.#climbs++));
  }

  /** @param {string} name @param {TopicNews} news */
  #told(name, news) {
    const topic = this.#topics.get(name);
    if (!topic) return;
    if (!("event" in news)) this.#forget(name);
    else if (news.event.id && (news.first || news.event.type === "gap" || compare(news.event.id, topic.after) > 0)) {
      topic.after = news.event.id;
    }
    this.#tell(this.#mode, name, { ...news, token: topic.token });
  }

  /** @param {Failure} failure */
  #failed(failure) {
    const { at } = this.#ladder;
    this.#ladder = ladders.failed(this.#ladder, failure);
    // The next transport is tried at once; the wait comes when all have failed.
    const more = this.#ladder.at > at;
    this.#lost(more ? 0 : pause(this.#failures++));
    if (!more && !this.#known) void this.#giveUp();
  }

  /** Nothing has opened over any transport: that is final where the gateway does not know this page's origin. */
  async #giveUp() {
    if (!(await isStranger(this.#base)) || this.#known || !this.#topics.size) return;
    const { href, origin } = this.#base;
    const { origin: own } = location;
    console.warn(`Taskbeam: the gateway at ${origin} does not know this page's origin. Add ${own} to its TASKBEAM_ALLOWED_ORIGINS.`);
    const refused = { code: "unreachable", message: `The gateway at ${href} answers no page of ${own}.` };
    for (const name of [...this.#topics.keys()]) this.#told(name, { refused });
  }

  /** @param {number} wait ms until the next connection */
  #lost(wait) {
    this.#cut();
    this.#retry = setTimeout(() => this.#connect(), wait);
    this.#say(wait === 0 ? "connecting" : resting());
  }

  #tick() {
    const now = Date.now();
    const slept = now - this.#tickedAt > SLEPT;
    this.#tickedAt = now;
    if (slept) return this.wake();
    this.#probe?.check(false);
    this.#connection?.check(false);
  }

  /** Try a better transport beside the one in use; it is gone over to when something is heard over it. */
  #try() {
    this.#stopClimbing();
    const { rungs, at } = this.#ladder;
    const better = this.#climbs % at;
    const topics = new Map([...this.#topics].slice(0, 1));
    this.#probe = this.#open(/** @type {Transport} */ (rungs[better]), topics, {
      opened() {},
      tell() {},
      failed: () => this.#stopClimbing(),
      heard: () => {
        this.#ladder = ladders.steady(this.#ladder, better);
        this.#climbs = 0;
        this.#lost(0);
      },
    });
  }

  #stopClimbing() {
    this.#probe?.close();
    this.#probe = undefined;
    clearTimeout(this.#climb);
    this.#climb = undefined;
  }

  /** @param {Line} line */
  #say(line) {
    this.#line = line;
    this.#tell(this.#mode, undefined, { line, transport: ladders.transport(this.#ladder) });
  }
}

/** @param {number} climbs */
const climbPause = (climbs) => Math.min(LONGEST_CLIMB, FIRST_CLIMB * 2 ** climbs);
