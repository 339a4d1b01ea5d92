/** Milliseconds of quiet before something is said. */
const PAUSE = 600;

/** Tells screen readers how jobs fare: ends and retries, not every step, and the newest word of each job only. */
export class Announcer {
  #region;
  #words = new Map();
  #timer;

  /** @param {HTMLElement} region a polite live region */
  constructor(region) {
    this.#region = region;
  }

  /** @param {import("./client/job.js").Job} job */
  heard(title, job) {
    const word = job.final ? END[job.state] ?? "failed" : job.state === "RETRY" ? "will be tried again" : null;
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

const END = { SUCCESS: "is ready", REVOKED: "was cancelled", LOST: "was lost" };
