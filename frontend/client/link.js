import { LIFE, pause } from "./backoff.js";
import { compare } from "./cursor.js";
import * as ladders from "./ladder.js";
import { openPoll } from "./poll.js";
import { openSocket } from "./socket.js";
import { openStream } from "./stream.js";

/** @import { Connection, Topic } from "./connection.js" */
/** @import { Cursor } from "./cursor.js" */
/** @import { Failure } from "./ladder.js" */
/** @import { Board } from "./feed.js" */
/** @import { Line, Mode, TaskEvent, Transport } from "./contract.js" */

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
/** Milliseconds that a connection without tasks is kept. */
const LINGER = 100;

/** Tasks over one connection at a time, which is made again from their cursors whenever it is lost. */
export class Link {
  #base;
  #mode;
  #board;
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
  #climbs = 0;
  #openedAt = 0;
  #heardAt = 0;
  #tickedAt = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #climb;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticker;

  /** @param {URL} base @param {Mode} mode @param {Board} board */
  constructor(base, mode, board) {
    this.#base = base;
    this.#mode = mode;
    this.#board = board;
    this.#ladder = ladders.ladder(mode === "auto" ? ALL : [mode]);
  }

  /**
   * Tell the task's events after the cursor. Whoever follows it already gets some of them again.
   *
   * @param {string} taskId
   * @param {Cursor} after
   * @param {string} [token]
   */
  follow(taskId, after, token) {
    const topic = this.#topics.get(taskId);
    const older = !topic || compare(after, topic.after) < 0;
    if (older || (token && token !== topic.token)) {
      this.#topics.set(taskId, { after: older ? after : topic.after, token: token ?? topic?.token });
      this.#connection?.ask(taskId);
      this.#probe?.ask(taskId);
    }
    if (this.#connection || this.#retry) this.#say(this.#line);
    else this.#connect();
  }

  /** @param {string} taskId */
  leave(taskId) {
    if (!this.#topics.delete(taskId)) return;
    this.#connection?.forget(taskId);
    this.#probe?.forget(taskId);
    if (!this.#topics.size) setTimeout(() => this.#topics.size || this.suspend(), LINGER);
  }

  /** Let the connection go, and keep the cursors. */
  suspend() {
    this.#connection?.close();
    this.#connection = undefined;
    this.#stopClimbing();
    clearTimeout(this.#retry);
    this.#retry = undefined;
    clearInterval(this.#ticker);
    this.#ticker = undefined;
  }

  /** The network or the computer may have come back: do not wait, and trust nothing. */
  wake() {
    if (!this.#topics.size) return;
    if (this.#connection) {
      this.#connection.check(true);
      if (this.#ladder.at > 0) this.#try();
    } else {
      this.#ladder = ladders.ladder(this.#ladder.rungs);
      this.#connect();
    }
  }

  /** Cut the connection, as a network would. */
  drop() {
    if (this.#connection) this.#lost(pause(this.#failures++));
  }

  #connect() {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#ticker ??= setInterval(() => this.#tick(), TICK);
    this.#tickedAt = Date.now();
    this.#openedAt = this.#heardAt = 0;
    this.#say("connecting");
    const transport = ladders.transport(this.#ladder);
    this.#connection = this.#open(transport, {
      opened: () => this.#opened(),
      heard: () => this.#heard(transport),
      failed: (failure) => this.#failed(failure),
    });
  }

  /**
   * @param {Transport} transport
   * @param {Pick<import("./connection.js").Ear, "opened" | "heard" | "failed">} ear
   * @returns {Connection}
   */
  #open(transport, ear) {
    return OPEN[transport](this.#base, this.#topics, {
      ...ear,
      event: (event, first) => this.#event(event, first),
      ended: (taskId) => {
        this.leave(taskId);
        this.#board.ended(this.#mode, taskId);
      },
      refused: (taskId, refusal) => {
        const token = this.#topics.get(taskId)?.token;
        this.leave(taskId);
        this.#board.refused(this.#mode, taskId, refusal, token);
      },
    });
  }

  #opened() {
    this.#openedAt ||= Date.now();
    this.#say("live");
  }

  /** @param {Transport} transport */
  #heard(transport) {
    this.#heardAt = Date.now();
    this.#ladder = ladders.heard(this.#ladder, transport);
    if (this.#ladder.at > 0) this.#climb ??= setTimeout(() => this.#try(), climbPause(this.#climbs++));
  }

  /** @param {TaskEvent} event @param {boolean} first */
  #event(event, first) {
    const topic = this.#topics.get(event.task_id);
    if (!topic) return;
    if (first || event.type === "gap" || compare(event.id, topic.after) > 0) topic.after = event.id;
    this.#board.event(this.#mode, event, first);
  }

  /** @param {Failure} failure */
  #failed(failure) {
    if (this.#openedAt && this.#heardAt - this.#openedAt >= LIFE) {
      this.#ladder = ladders.lived(this.#ladder);
      this.#failures = 0;
    }
    const { at } = this.#ladder;
    this.#ladder = ladders.failed(this.#ladder, failure);
    // The next transport is tried at once; the wait comes when all have failed.
    this.#lost(this.#ladder.at > at ? 0 : pause(this.#failures++));
  }

  /** @param {number} wait ms until the next connection */
  #lost(wait) {
    this.#connection?.close();
    this.#connection = undefined;
    this.#stopClimbing();
    this.#retry = setTimeout(() => this.#connect(), wait);
    this.#say(wait === 0 ? "connecting" : globalThis.navigator?.onLine === false ? "offline" : "waiting");
  }

  #tick() {
    const now = Date.now();
    const slept = now - this.#tickedAt > SLEPT;
    this.#tickedAt = now;
    if (slept) return this.wake();
    this.#probe?.check(false);
    this.#connection?.check(false);
  }

  /** Try a better transport beside the one in use; it takes over when something is heard over it. */
  #try() {
    clearTimeout(this.#climb);
    this.#climb = undefined;
    if (this.#probe) return;
    const { rungs, at } = this.#ladder;
    const better = /** @type {Transport} */ (rungs[this.#climbs % at]);
    const probe = this.#open(better, {
      opened: () => {},
      heard: () => (this.#probe === probe ? this.#climbTo(better) : this.#heard(better)),
      failed: (failure) => (this.#probe === probe ? this.#stopClimbing() : this.#failed(failure)),
    });
    this.#probe = probe;
  }

  /** @param {Transport} better */
  #climbTo(better) {
    this.#connection?.close();
    this.#connection = this.#probe;
    this.#probe = undefined;
    this.#climbs = this.#failures = 0;
    this.#ladder = ladders.climbed(this.#ladder, better);
    this.#openedAt = 0;
    this.#heard(better);
    this.#opened();
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
    this.#board.line(this.#mode, line, ladders.transport(this.#ladder));
  }
}

/** @param {number} climbs */
const climbPause = (climbs) => Math.min(LONGEST_CLIMB, FIRST_CLIMB * 2 ** climbs);
