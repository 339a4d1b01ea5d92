/** @import { Job, Line, Mode, TaskEvent, Transport, Watch } from "../client/index.js" */
/** @import { RecentJob } from "./recent.js" */
import { unknown, watch } from "../client/index.js";
import { MOST_ROWS } from "../look/journal.js";
import { Trace } from "./trace.js";

/**
 * @typedef {object} Picture
 * @property {string} url
 * @property {string} type
 * @property {number} width
 * @property {number} height
 * @property {number} bytes
 */

/** One job that the page follows: its watch, and all that came of it. */
export class Follow {
  trace = new Trace();
  /** The newest. @type {{event: TaskEvent, transport: Transport}[]} */
  events = [];
  /** How many there were in all. */
  heard = 0;
  /** Those that the job has told so far. @type {Picture[]} */
  pictures = [];
  /** Paths of those that the job has stored and named so far. @type {string[]} */
  files = [];
  /** @type {Mode} */
  mode;

  /**
   * @param {RecentJob} task
   * @param {Mode} mode
   * @param {(follow: Follow, event?: TaskEvent) => void} changed
   */
  constructor(task, mode, changed) {
    this.task = task;
    this.mode = mode;
    const { token } = task;
    this.watch = watch(task.task_id, { transport: mode, ...(token && { getToken: () => token }) });
    this.watch.addEventListener("event", ({ detail: event }) => {
      this.#hear(event);
      changed(this, event);
    });
    this.watch.addEventListener("line", ({ detail: { line, transport } }) => {
      this.trace.lineIs(line, transport, Date.now() / 1000);
      changed(this);
    });
  }

  /** @returns {Job} */
  get job() {
    return this.watch.line === "gone" ? unknown(this.watch.job) : this.watch.job;
  }

  get over() {
    return this.watch.line === "ended" || this.watch.line === "gone";
  }

  /** @param {Mode} mode */
  use(mode) {
    this.mode = mode;
    this.watch.use(mode);
  }

  /** @param {TaskEvent} event */
  #hear(event) {
    this.trace.heard(event, Date.now() / 1000);
    this.heard += 1;
    this.events.push({ event, transport: this.watch.transport });
    this.events.splice(0, this.events.length - MOST_ROWS);
    this.files.push(...((event.type === "gap" ? event.snapshot : event).files ?? []));
    if (event.type === "data" && event.data?.picture) this.pictures.push(event.data.picture);
  }
}
