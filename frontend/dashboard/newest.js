/** Asks one thing at a time: whatever comes meanwhile is one more question, and the newest answer is the one that counts. */
export class Newest {
  #ask;
  /** When the next one is due, by `performance.now()`; null: none is. @type {number | null} */
  #due = null;
  #busy = false;

  /** @param {() => Promise<void>} ask it raises nothing */
  constructor(ask) {
    this.#ask = ask;
  }

  /** There is news: ask so many milliseconds from now, but for what is asked later all the same. @param {number} [ms] */
  soon(ms = 0) {
    this.#due = performance.now() + ms;
    if (!this.#busy) void this.#run();
  }

  /** Ask nothing more. */
  stop() {
    this.#due = null;
    this.#ask = async () => {};
  }

  async #run() {
    this.#busy = true;
    while (this.#due !== null) {
      const due = this.#due;
      await new Promise((done) => setTimeout(done, Math.max(0, due - performance.now())));
      // News since then is of a later moment, which this answer may not know.
      if (this.#due === due) this.#due = null;
      await this.#ask();
    }
    this.#busy = false;
  }
}
