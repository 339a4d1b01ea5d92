import { baseOf } from "../client/base.js";
import { after, UNHEARD, unknown } from "../client/job.js";
import { watch } from "../client/watch.js";
import { announcer } from "./announce.js";
import { adoptEarly, observed, TaskAttributes } from "./attributes.js";
import { facts } from "./facts.js";
import { resultLink } from "./link.js";
import { foresee } from "./outlook.js";
import { portrait } from "./portrait.js";
import { View } from "./view.js";
import { words } from "./wording.js";

/** @import { Mode, TaskError, TaskEvent, Watch } from "../client/main.js" */

/** Milliseconds between two pictures of something that counts down. */
const TICK = 1_000;

/**
 * `<task-progress task-id="…">`: one task, live. All its events bubble, also out of shadow trees.
 *
 * @fires task-event every event of the task; `detail` is the event
 * @fires task-state another state or attempt; `detail` is the Job
 * @fires task-done it ended well; `detail` is `{result, job}`
 * @fires task-failed it ended otherwise, or cannot be watched; `detail` is `{error, job}`
 * @fires task-cancel its user asks to cancel it; `preventDefault()` keeps it going
 */
export class TaskProgress extends TaskAttributes {
  static observedAttributes = observed;
  #view = new View(this.attachShadow({ mode: "open" }), () => void this.#cancelled());
  #announce = announcer((text) => this.#view.say(text));
  /** @type {Watch | null} */
  #watch = null;
  /** @type {((taskId: string) => string | Promise<string>) | undefined} */
  #getToken;
  /** Which task the job is of, and where. */
  #name = "";
  #job = UNHEARD;
  /** @type {import("./outlook.js").Outlook} */
  #outlook = {};
  #arranging = false;
  #frame = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #tick;

  /** The Watch behind the element; null while there is no task, or no page. */
  get watch() {
    return this.#watch;
  }

  /** What the task's events add up to. */
  get job() {
    return this.#job;
  }

  /** Where tokens come from when one is not enough: called at the start, and again before each ends. */
  get getToken() {
    return this.#getToken;
  }
  set getToken(value) {
    this.#getToken = value;
    // What could not be watched without may be worth another try.
    if (this.#watch?.line === "gone") this.#close();
    this.#arrange();
  }

  /**
   * Ask for the task to be cancelled.
   *
   * @returns rejects with a `TaskError`, `too_late` for instance
   */
  async cancel() {
    return this.#watch?.cancel(this);
  }

  connectedCallback() {
    adoptEarly(this);
    this.#view.dress();
    this.#arrange();
  }

  disconnectedCallback() {
    this.#arrange();
  }

  /** @param {string} name */
  attributeChangedCallback(name) {
    if (name === "token") this.getToken = this.getToken;
    this.#arrange();
  }

  /** Once what happens now has happened: several attributes may change, and a node that is moved is out for a moment. */
  #arrange() {
    if (this.#arranging) return;
    this.#arranging = true;
    queueMicrotask(() => {
      this.#arranging = false;
      const name = `${this.taskId} ${this.baseUrl}`;
      const other = name !== this.#name;
      if (other || !this.isConnected) this.#close();
      if (other) [this.#name, this.#job, this.#outlook] = [name, UNHEARD, {}];
      if (!this.isConnected) return;
      const mode = /** @type {Mode} */ (this.transport || "auto");
      if (this.taskId && !this.#job.final) this.#watch ??= this.#open(mode);
      this.#watch?.use(mode);
      this.#draw();
    });
  }

  /** @param {Mode} transport @returns the task, from where it was left */
  #open(transport) {
    /** @param {string} taskId */
    const getToken = (taskId) => this.#getToken?.(taskId) ?? this.token;
    const watching = watch(this.taskId, {
      baseUrl: this.#base,
      transport,
      after: this.#job.cursor,
      getToken: this.#getToken || this.token ? getToken : undefined,
    });
    watching.addEventListener("event", ({ detail }) => this.#heard(detail));
    watching.addEventListener("line", () => this.#drawSoon());
    watching.result.then(
      (result) => watching === this.#watch && this.#emit("task-done", { result, job: this.#job }),
      (error) => watching === this.#watch && this.#failed(error),
    );
    return watching;
  }

  #close() {
    const watching = this.#watch;
    this.#watch = null;
    watching?.close();
  }

  get #base() {
    return baseOf(this.baseUrl);
  }

  /** @param {TaskEvent} event */
  #heard(event) {
    const { cursor, state, attempt } = this.#job;
    this.#job = after(this.#job, event);
    this.#outlook = foresee(this.#outlook, event, Date.now());
    this.#drawSoon();
    this.#emit("task-event", event);
    if (!cursor || state !== this.#job.state || attempt !== this.#job.attempt) this.#emit("task-state", this.#job);
  }

  /** @param {TaskError} error */
  #failed(error) {
    const { code, message, ref = "" } = error;
    if (!this.#job.final) this.#job = { ...unknown(this.#job), error: { code, message, ref } };
    this.#drawSoon();
    this.#emit("task-failed", { error, job: this.#job });
  }

  /** The button was pressed. */
  async #cancelled() {
    if (!this.#emit("task-cancel")) return;
    this.#outlook = { ...this.#outlook, cancelling: true };
    this.#draw();
    try {
      await this.cancel();
    } catch (error) {
      const { message } = /** @type {TaskError} */ (error);
      this.#outlook = { ...this.#outlook, cancelling: false, refusal: message };
      this.#view.say(message);
      this.#drawSoon();
    }
  }

  /** @param {string} type @param {unknown} [detail] @returns {boolean} whether nobody prevented what comes next */
  #emit(type, detail) {
    return this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true, cancelable: !detail }));
  }

  /** With the next frame: a task may tell more than a screen can show. */
  #drawSoon() {
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.#frame = 0;
    clearTimeout(this.#tick);
    const [job, watching] = [this.#job, this.#watch];
    const picture = portrait({ job, outlook: this.#outlook, line: watching?.line, now: Date.now() });
    this.#view.draw({
      ...picture,
      title: this.label || words.task,
      href: resultLink(job.result, this.#base),
      cancellable: this.cancellable && picture.stoppable,
      facts: this.details ? facts(this.taskId, job, watching) : null,
    });
    if (!this.silent && (job.cursor || job.error)) this.#announce(picture);
    if (picture.ticking && this.isConnected) this.#tick = setTimeout(() => this.#draw(), TICK);
  }
}
