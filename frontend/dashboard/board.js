/**
 * What the ticks of taskbeam/gateway/dashboard/publisher.py add up to. Pure: the same ticks give the same board.
 *
 * @typedef {Partial<Record<"sent" | "started" | "retried" | "succeeded" | "failed" | "cancelled" | "stalled" | "lost" | "milliseconds", number>>} Counts
 *
 * @typedef {object} BoardJob
 * @property {string} id
 * @property {string} name
 * @property {string} state
 * @property {number} since Unix seconds of the first event that was heard
 * @property {number} [began] of its newest run
 * @property {number} ts of the newest event
 * @property {number} attempt
 * @property {boolean} final
 * @property {number | null} percent
 * @property {string | null} message
 * @property {string} [trace] the `traceparent` of its run, or of the span that it was sent in
 *
 * @typedef {object} Tick
 * @property {boolean} fresh its publisher has just begun, and knows nothing of what went on before
 * @property {Record<string, Counts>} tasks by name
 * @property {BoardJob[]} jobs
 * @property {number} [omitted] jobs that have ended, which no tick tells of: they were too many
 * @property {{name: string, alive: boolean, running: number}[]} workers
 * @property {{name: string, depth: number, slots: number}[] | null} queues null: nobody can ask the broker
 *
 * @typedef {object} TaskRow one name over the window
 * @property {string} name
 * @property {number[]} succeeded by bucket, oldest first
 * @property {number[]} failed
 * @property {number[]} stuck stalled or lost
 * @property {number} perMinute finished in the last minute
 * @property {number | null} failures part of those that finished, 0 to 1; null: none has
 * @property {number | null} mean seconds of a run that succeeded
 * @property {number} running
 * @property {number} retried
 */

/** Seconds of a bar, and bars of a chart: five minutes. */
export const BUCKET = 5;
export const BUCKETS = 60;
/** Jobs that are kept; the oldest that have ended go first. */
const MOST_JOBS = 500;
/** A run is slow when it takes this many times the mean of its name, and at least so many seconds. */
const SLOW = 3;
const SLOW_SECONDS = 1;
const NOT_RUNNING = new Set(["PENDING", "RETRY", "STALLED"]);

export class Board {
  /** Unix seconds of the newest tick. */
  now = 0;
  /** @type {Tick["workers"]} */
  workers = [];
  /** @type {Tick["queues"]} */
  queues = null;
  /** @type {Map<string, BoardJob>} */
  jobs = new Map();
  /** Jobs that came and went too fast to be listed. */
  omitted = 0;
  /** Bucket → name → counts. @type {Map<number, Map<string, Required<Counts>>>} */
  #buckets = new Map();
  /** Bucket → what is measured → its highest. @type {Map<number, Map<string, number>>} */
  #levels = new Map();

  /** @param {Tick} tick @param {number} ts when it was told */
  hear(tick, ts) {
    this.now = ts;
    this.workers = tick.workers;
    this.queues = tick.queues;
    this.omitted += tick.omitted ?? 0;
    if (tick.fresh) this.missed();
    const bucket = Math.floor(ts / BUCKET);
    const counts = entry(this.#buckets, bucket, () => new Map());
    for (const [name, more] of Object.entries(tick.tasks)) add(entry(counts, name, zero), more);
    const alive = tick.workers.filter((worker) => worker.alive);
    this.#level(bucket, "workers", alive.length);
    this.#level(bucket, "running", alive.reduce((sum, { running }) => sum + running, 0));
    if (tick.queues) this.#level(bucket, "queued", tick.queues.reduce((sum, { depth }) => sum + depth, 0));
    for (const { name, depth } of tick.queues ?? []) this.#level(bucket, `queue ${name}`, depth);
    for (const job of tick.jobs) {
      this.jobs.delete(job.id);
      this.jobs.set(job.id, job);
    }
    for (const old of [this.#buckets, this.#levels]) {
      for (const key of old.keys()) if (key <= bucket - BUCKETS) old.delete(key);
    }
    this.#trim();
  }

  /** Ticks are missing, and with them the ends of jobs. Those that go on speak again. */
  missed() {
    for (const [id, { final }] of this.jobs) if (!final) this.jobs.delete(id);
  }

  /** @returns {TaskRow[]} by name */
  tasks() {
    const names = new Set([...this.#buckets.values()].flatMap((counts) => [...counts.keys()]));
    return [...names].sort().map((name) => this.#row(name));
  }

  /** @param {string} what `running`, `queued`, `workers` or `queue <name>` @returns {(number | null)[]} the highest, by bucket; null: nobody knows */
  levels(what) {
    return this.#series(this.#levels).map((levels) => levels?.get(what) ?? null);
  }

  /** @returns {BoardJob[]} those that go on, oldest first, then those that have ended, newest first */
  list() {
    const all = [...this.jobs.values()];
    const open = all.filter(({ final }) => !final).sort((one, other) => one.since - other.since);
    return [...open, ...all.filter(({ final }) => final).sort((one, other) => other.ts - one.ts)];
  }

  /** @param {BoardJob} job @returns {number | null} seconds of its newest run so far */
  took({ began, final, ts }) {
    return began === undefined ? null : Math.max(0, (final ? ts : this.now) - began);
  }

  /** @param {BoardJob} job @param {TaskRow[]} rows */
  slow(job, rows) {
    const took = this.took(job);
    const mean = rows.find(({ name }) => name === job.name)?.mean;
    return took !== null && took > Math.max(SLOW_SECONDS, SLOW * (mean ?? Infinity));
  }

  /** @param {string} name @returns {TaskRow} */
  #row(name) {
    const buckets = this.#series(this.#buckets).map((counts) => counts?.get(name) ?? zero());
    const minute = buckets.slice(-60 / BUCKET);
    const all = buckets.reduce((sum, counts) => add(sum, counts), zero());
    const ended = all.succeeded + bad(all);
    return {
      name,
      succeeded: buckets.map(({ succeeded }) => succeeded),
      failed: buckets.map(bad),
      stuck: buckets.map(({ stalled, lost }) => stalled + lost),
      perMinute: minute.reduce((sum, counts) => sum + counts.succeeded + bad(counts), 0),
      failures: ended ? bad(all) / ended : null,
      mean: all.succeeded ? all.milliseconds / all.succeeded / 1000 : null,
      running: [...this.jobs.values()].filter((job) => job.name === name && isRunning(job)).length,
      retried: all.retried,
    };
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

  #trim() {
    for (const [id, { final }] of this.jobs) {
      if (this.jobs.size <= MOST_JOBS) return;
      if (final) this.jobs.delete(id);
    }
  }
}

/** Those whose worker is silent count as stalled: nobody knows whether they run. @param {BoardJob} job */
export function isRunning({ state, final }) {
  return !final && !NOT_RUNNING.has(state);
}

/** @param {Required<Counts>} counts */
function bad({ failed, lost }) {
  return failed + lost;
}

/** @returns {Required<Counts>} */
function zero() {
  return { sent: 0, started: 0, retried: 0, succeeded: 0, failed: 0, cancelled: 0, stalled: 0, lost: 0, milliseconds: 0 };
}

/** @param {Required<Counts>} sum @param {Counts} more */
function add(sum, more) {
  for (const [name, count] of Object.entries(more)) sum[/** @type {keyof Counts} */ (name)] += count;
  return sum;
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
