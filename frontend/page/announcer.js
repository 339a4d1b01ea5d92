/** @import { Job } from "../client/index.js" */

/** Milliseconds of quiet before something is said. */
const PAUSE = 600;

/** Tells screen readers how jobs fare: ends and retries, not every step, and the newest word of each job only. */
export class Announcer {
  #region;
  /** @type {Map<string, string>} */
  #words = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {HTMLElement} region a polite live region */
  constructor(region) {
    this.#region = region;
  }

  /** @param {string} title @param {Job} job */
  heard(title, job) {
    const word = job.final ? (END[job.state] ?? "failed") : job.state === "RETRY" ? "will be tried again" : null;
    if (!word) return;
    this.#words.set(title, word);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#say(), PAUSE);
  }

  #say() {
    this.#region.textContent = [...this.#words].map(([title, word]) => `${title} ${word}.`).join(" ");
    this.#words.clear();
  }
}

/** @type {Record<string, string>} */
const END = { SUCCESS: "is ready", REVOKED: "was cancelled", LOST: "was lost" };
