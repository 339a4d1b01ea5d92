/**
 * What came over which transport, when, and what the line was doing meanwhile. No clock, no page: it is told both.
 *
 * All times are Unix seconds; those of events by the clock of the workers, all others by this browser's.
 *
 * @import { Line, TaskEvent, Transport } from "../client/index.js"
 *
 * @typedef {object} Point one event
 * @property {number} seq
 * @property {number} ts
 * @property {Transport} transport it came over
 * @property {number | null} liveSince when the connection that it came over was there
 *
 * @typedef {object} Break a time without a connection
 * @property {number} from
 * @property {number | null} to null: it lasts
 * @property {boolean} cut the line was lost; else only the transport was changed
 *
 * @typedef {object} Proof that the events are all there
 * @property {number} count
 * @property {number} numbered events that the journal has had so far: the number of the newest
 * @property {number} missing numbers between the first and the last that never came, without the journal saying so
 * @property {number} repeated
 * @property {number} recovered
 * @property {number} cuts that have healed
 * @property {number} requests by which connections were opened; 0: long-polling was among them, whose requests are not counted
 * @property {number} polls that asking every 100 ms would have taken meanwhile
 */

/** Clocks farther apart than this (seconds) are not that: only old events were heard so far. */
const MOST_SKEW = 5;
/** Seconds within which an event counts as live: the network takes some of it. */
const LIVE = 0.05;

/** Seconds between two polls of a page that would be as quick without a connection. */
const POLL = 0.1;

/** Events that are kept as points, and known again; of older ones only the sums are. */
const MOST_POINTS = 1_000;

export class Trace {
  /** The newest. @type {Point[]} */
  points = [];
  /** @type {Break[]} */
  breaks = [];
  /** @type {Transport} */
  transport = "websocket";
  /** @type {Line} */
  line = "connecting";
  #epoch = "";
  #seen = new Set();
  /** @type {number | null} */
  #first = null;
  #count = 0;
  #declared = 0;
  #repeated = 0;
  /** Of those that are no points any more. */
  #recovered = 0;
  #skew = Infinity;
  /** @type {number | null} */
  #liveSince = null;
  #requests = 0;
  #polled = false;
  /** When this page began to listen, and last heard something. @type {number | null} */
  #listens = null;
  #heardAt = 0;

  /**
   * @param {TaskEvent} event
   * @param {number} now
   */
  heard(event, now) {
    const [epoch = "", number] = event.id.split("-");
    const seq = Number(number);
    if (epoch !== this.#epoch) this.#begin(epoch);
    if (event.type === "gap") {
      // Its id is that of the last event before those that follow.
      const before = this.points.at(-1);
      if (before) this.#declared += seq - before.seq;
      return;
    }
    if (this.#seen.has(seq)) this.#repeated += 1;
    this.#seen.add(seq);
    this.#first ??= seq;
    this.#count += 1;
    this.#heardAt = now;
    this.#skew = Math.min(this.#skew, now - event.ts);
    this.points.push({ seq, ts: event.ts, transport: this.transport, liveSince: this.#liveSince });
    for (const old of this.points.splice(0, this.points.length - MOST_POINTS)) {
      this.#recovered += Number(this.recovered(old));
      this.#seen.delete(old.seq);
    }
  }

  /**
   * Whether the event is older than the connection that it came over: it was read from the journal.
   *
   * @param {Point} point
   */
  recovered({ ts, liveSince }) {
    return liveSince === null || ts + this.skew < liveSince - LIVE;
  }

  /**
   * @param {Line} line
   * @param {Transport} transport
   * @param {number} now
   */
  lineIs(line, transport, now) {
    if (line === "live") {
      this.#requests += Number(this.line !== "live" || this.transport !== transport);
      this.#polled ||= transport === "poll";
      this.#listens ??= now;
    }
    this.line = line;
    this.transport = transport;
    const open = this.breaks.at(-1)?.to === null ? this.breaks.at(-1) : undefined;
    if (line === "live") {
      if (open) open.to = now;
      if (open || this.#liveSince === null) this.#liveSince = now;
    } else if (line === "ended" || line === "gone") {
      if (open) open.to = now;
    } else if (this.#liveSince !== null) {
      const cut = line !== "connecting";
      if (open) open.cut ||= cut;
      else this.breaks.push({ from: now, to: null, cut });
    }
  }

  /** This browser's clock minus the workers'. */
  get skew() {
    return Math.abs(this.#skew) < MOST_SKEW ? this.#skew : 0;
  }

  /** @returns {Proof} */
  proof() {
    const first = this.#first;
    const last = this.points.at(-1)?.seq ?? null;
    const span = first === null || last === null ? 0 : last - first + 1;
    return {
      count: this.#count,
      numbered: last ?? 0,
      missing: Math.max(0, span - (this.#count - this.#repeated) - this.#declared),
      repeated: this.#repeated,
      recovered: this.#recovered + this.points.filter((point) => this.recovered(point)).length,
      cuts: this.breaks.filter(({ cut, to }) => cut && to !== null).length,
      requests: this.#polled ? 0 : this.#requests,
      polls: this.#listens === null ? 0 : Math.max(0, Math.floor((this.#heardAt - this.#listens) / POLL)),
    };
  }

  /** @param {string} epoch a new life of the journal: nothing before it counts */
  #begin(epoch) {
    this.#epoch = epoch;
    this.#seen.clear();
    this.#first = null;
    this.#count = this.#declared = this.#repeated = this.#recovered = 0;
    this.points = [];
  }
}
