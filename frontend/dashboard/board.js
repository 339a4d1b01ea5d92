/**
 * What the ticks of taskbeam/gateway/dashboard/publisher.py add up to. Pure: the same ticks give the same board.
 *
 * @import { Durations } from "./percentiles.js"
 *
 * @typedef {Partial<Record<"sent" | "started" | "retried" | "succeeded" | "failed" | "cancelled" | "stalled" | "lost", number>>} Counts
 *
 * @typedef {Partial<Record<"waiting" | "running" | "stalled", number>>} Standing tasks that go on
 *
 * @typedef {object} Tick
 * @property {Record<string, Counts>} tasks by name
 * @property {Record<string, Durations>} [waited] by name, from sending to the first run
 * @property {Record<string, Durations>} [ran] by name, runs that have ended
 * @property {Record<string, Standing>} [standing] by name; absent: not known
 * @property {{name: string, alive: boolean, running: number, celery?: string, pool?: number}[]} workers
 * @property {{name: string, depth: number, slots: number, paused?: number}[] | null} queues `paused`: at how many workers; null: nobody can ask the broker
 *
 * @typedef {object} TaskRow one name over the window
 * @property {string} name
 * @property {number[]} succeeded by bucket, oldest first
 * @property {number[]} failed
 * @property {number[]} stuck stalled or lost
 * @property {number} perMinute finished in the last minute
 * @property {number | null} failures part of those that finished, 0 to 1; null: none has
 * @property {number[] | null} waited seconds, see `PARTS`; null: none has begun
 * @property {number[] | null} ran seconds, see `PARTS`; null: none has ended
 * @property {number | null} running null: nobody knows
 * @property {number} retried
 *
 * @typedef {{counts: Map<string, Required<Counts>>, waited: Map<string, Durations>, ran: Map<string, Durations>}} Bucket
 */
import { add as addDurations, percentiles } from "./percentiles.js";

/** Seconds of a bar, and bars of a chart: five minutes. */
export const BUCKET = 5;
export const BUCKETS = 60;
/** Of which percentiles are told. */
export const PARTS = [0.5, 0.95, 0.99];
/** A run is slow when it takes this many times the median of its name, and at least so many seconds. */
const SLOW = 3;
const SLOW_SECONDS = 1;

export class Board {
  /** Unix seconds of the newest tick. */
  now = 0;
  /** @type {Tick["workers"]} */
  workers = [];
  /** @type {Tick["queues"]} */
  queues = null;
  /** @type {Tick["standing"]} */
  #standing;
  /** @type {Map<number, Bucket>} */
  #buckets = new Map();
  /** Bucket → what is measured → its highest. @type {Map<number, Map<string, number>>} */
  #levels = new Map();

  /** @param {Tick} tick @param {number} ts when it was told */
  hear(tick, ts) {
    this.now = ts;
    this.workers = tick.workers;
    this.queues = tick.queues;
    this.#standing = tick.standing;
    const bucket = Math.floor(ts / BUCKET);
    const { counts, waited, ran } = entry(this.#buckets, bucket, () => ({ counts: new Map(), waited: new Map(), ran: new Map() }));
    for (const [name, more] of Object.entries(tick.tasks)) add(entry(counts, name, zero), more);
    for (const [name, more] of Object.entries(tick.waited ?? {})) addDurations(entry(waited, name, none), more);
    for (const [name, more] of Object.entries(tick.ran ?? {})) addDurations(entry(ran, name, none), more);
    this.#level(bucket, "workers", tick.workers.filter((worker) => worker.alive).length);
    if (tick.standing) this.#level(bucket, "running", sum(Object.values(tick.standing).map(({ running }) => running ?? 0)));
    if (tick.queues) this.#level(bucket, "queued", sum(tick.queues.map(({ depth }) => depth)));
    for (const { name, depth } of tick.queues ?? []) this.#level(bucket, `queue ${name}`, depth);
    for (const old of [this.#buckets, this.#levels]) {
      for (const key of old.keys()) if (key <= bucket - BUCKETS) old.delete(key);
    }
  }

  /** @returns {TaskRow[]} by name */
  tasks() {
    const names = new Set([...this.#buckets.values()].flatMap(({ counts }) => [...counts.keys()]));
    for (const name of Object.keys(this.#standing ?? {})) names.add(name);
    return [...names].sort().map((name) => this.#row(name));
  }

  /** How many run at this moment; null: nobody knows. */
  get running() {
    return this.#standing ? sum(Object.values(this.#standing).map(({ running }) => running ?? 0)) : null;
  }

  /** How many wait in queues at this moment; null: nobody knows. */
  get queued() {
    return this.queues ? sum(this.queues.map(({ depth }) => depth)) : null;
  }

  /** @param {string} what `running`, `queued`, `workers` or `queue <name>` @returns {(number | null)[]} the highest, by bucket; null: nobody knows */
  levels(what) {
    return this.#series(this.#levels).map((levels) => levels?.get(what) ?? null);
  }

  /** Whether a run is slow by the measure of its own name. @param {string} name @param {number} seconds so far */
  slow(name, seconds) {
    const median = this.#percentiles("ran", name)?.[0] ?? Infinity;
    return seconds > Math.max(SLOW_SECONDS, SLOW * median);
  }

  /** @param {string} name @returns {TaskRow} */
  #row(name) {
    const buckets = this.#series(this.#buckets).map((bucket) => bucket?.counts.get(name) ?? zero());
    const minute = buckets.slice(-60 / BUCKET);
    const all = buckets.reduce((before, counts) => add(before, counts), zero());
    const ended = all.succeeded + bad(all);
    return {
      name,
      succeeded: buckets.map(({ succeeded }) => succeeded),
      failed: buckets.map(bad),
      stuck: buckets.map(({ stalled, lost }) => stalled + lost),
      perMinute: sum(minute.map((counts) => counts.succeeded + bad(counts))),
      failures: ended ? bad(all) / ended : null,
      waited: this.#percentiles("waited", name),
      ran: this.#percentiles("ran", name),
      running: this.#standing ? (this.#standing[name]?.running ?? 0) : null,
      retried: all.retried,
    };
  }

  /** @param {"waited" | "ran"} what @param {string} name */
  #percentiles(what, name) {
    const all = none();
    for (const bucket of this.#buckets.values()) addDurations(all, bucket[what].get(name) ?? {});
    return percentiles(all, PARTS);
  }

  /**
   * @template Value
   * @param {Map<number, Value>} buckets
   * @returns {(Value | undefined)[]} the window, oldest first
   */
  #series(buckets) {
    const last = Math.floor(this.now / BUCKET);
    return Array.from({ length: BUCKETS }, (_, index) => buckets.get(last - BUCKETS + 1 + index));
  }

  /** @param {number} bucket @param {string} what @param {number} value */
  #level(bucket, what, value) {
    const levels = entry(this.#levels, bucket, () => new Map());
    levels.set(what, Math.max(value, levels.get(what) ?? 0));
  }
}

/** @param {Required<Counts>} counts */
function bad({ failed, lost }) {
  return failed + lost;
}

/** @returns {Required<Counts>} */
function zero() {
  return { sent: 0, started: 0, retried: 0, succeeded: 0, failed: 0, cancelled: 0, stalled: 0, lost: 0 };
}

/** @returns {Durations} */
function none() {
  return {};
}

/** @param {number[]} numbers */
export function sum(numbers) {
  return numbers.reduce((before, number) => before + number, 0);
}

/** @param {Required<Counts>} before changed @param {Counts} more */
function add(before, more) {
  for (const [name, count] of Object.entries(more)) before[/** @type {keyof Counts} */ (name)] += count;
  return before;
}

/**
 * @template Key, Value
 * @param {Map<Key, Value>} map
 * @param {Key} key
 * @param {() => Value} make
 * @returns {Value}
 */
function entry(map, key, make) {
  const known = map.get(key) ?? make();
  map.set(key, known);
  return known;
}
