import { baseOf } from "../client/base.js";
import { after, UNHEARD, unknown } from "../client/job.js";
import { watch } from "../client/watch.js";
import { announcer, milestone, spoken } from "./announce.js";
import { adoptEarly } from "./attributes.js";
import { facts } from "./facts.js";
import { openAdmitted, resultLink } from "./link.js";
import { foresee } from "./outlook.js";
import { portrait } from "./portrait.js";
import { observed, TaskAttributes } from "./properties.js";
import { afterTurn } from "./turn.js";
import { View } from "./view.js";
import { words } from "./wording.js";

/** @import { TextSoFar } from "../client/contract.js" */
/** @import { Job, Mode, TaskError, TaskEvent, Watch } from "../client/main.js" */

/** Milliseconds between two pictures of something that counts down. */
const TICK = 1_000;

// The tags below become the package's custom-elements.json. docs/element.md says the same at more length.
/**
 * `<task-progress task-id="…">`: one task, live. All its events bubble, also out of shadow trees.
 *
 * @attr {string} task-id - The task
 * @attr {string} base-url - The gateway, relative to the page; the one that served the element without it
 * @attr {string} label - What the task is to its user
 * @attr {boolean} cancellable - There is a button to cancel the task
 * @attr {boolean} terminate - Cancelling ends a running task by signal
 * @attr {boolean} details - There are details to unfold: id, name, attempt, connection
 * @attr {"websocket" | "sse" | "poll"} transport - The only transport to use; the client chooses without it
 * @attr {string} token - The task's token
 * @attr {boolean} silent - Screen readers are told nothing: for lists, where the page announces
 *
 * @fires {CustomEvent<TaskEvent>} task-event - Every event of the task, in order
 * @fires {CustomEvent<Job>} task-state - Another state or attempt
 * @fires {CustomEvent<{result: any, job: Job}>} task-done - The task ended well
 * @fires {CustomEvent<{error: TaskError, job: Job}>} task-failed - The task ended otherwise, or cannot be followed
 * @fires {CustomEvent<null>} task-cancel - The user asks to cancel the task; `preventDefault()` keeps it going
 *
 * @slot waiting - The message while the task waits
 * @slot running - The message while the task runs
 * @slot done - The message when the task has ended well
 * @slot failed - The message when the task has ended otherwise
 * @slot gone - The message when the task cannot be followed
 * @slot title - The label, also for screen readers
 * @slot link - The words on the link to the result
 * @slot cancel - The words on the button
 * @slot summary - The words on the details
 * @slot actions - More buttons, beside Cancel
 * @slot details - More details
 *
 * @csspart card - All of it; has the tone as a second name: `waiting`, `running`, `done`, `failed`, `gone`
 * @csspart header - Title and state
 * @csspart title - What the task is to its user
 * @csspart state - The state in a word or two; has the tone as a second name
 * @csspart body - Message and figure
 * @csspart message - The one sentence
 * @csspart figure - How far, in numbers
 * @csspart track - What the bar runs in
 * @csspart bar - How far; has the tone as a second name
 * @csspart steps - The task's steps
 * @csspart step - One of them; has its state as a second name: `running`, `done`, `failed`, `stopped`
 * @csspart mark - What its state looks like
 * @csspart step-name - What it is called
 * @csspart standing - How far it is, or how long it took
 * @csspart output - The text that the task writes; it follows its end
 * @csspart omitted - How much of the text was not kept
 * @csspart footer - Note, link and button
 * @csspart note - What is good to know beside the message
 * @csspart link - To the result
 * @csspart cancel - The button
 * @csspart details - What can be unfolded
 * @csspart summary - What unfolds it
 * @csspart facts - The list in it
 * @csspart status - What screen readers are told
 *
 * @cssprop [--task-accent=light-dark(#18795f, #52c9a6)] - The bar and the link
 * @cssprop [--task-on-accent=light-dark(#fff, #05231a)] - The words on the link
 * @cssprop [--task-danger=light-dark(#b2352a, #ff8f7f)] - What failed
 * @cssprop [--task-ink=light-dark(#12201d, #e5edea)] - Text
 * @cssprop [--task-background=light-dark(#fff, #151d1b)] - The card
 */
export class TaskProgress extends TaskAttributes {
  static observedAttributes = observed;
  #view = new View(
    this.attachShadow({ mode: "open" }),
    () => void this.#cancelled(),
    (click) => void this.#opened(click),
  );
  #announce = announcer((text) => this.#view.say(text));
  /** @type {Watch | null} */
  #watch = null;
  /** A Watch of the page's. @type {Watch | null} */
  #given = null;
  /** The one whose end was told. @type {Watch | null} */
  #told = null;
  #listening = new AbortController();
  /** @type {((taskId: string) => string | Promise<string>) | undefined} */
  #getToken;
  /** Which task the job is of, and where. @type {string | Watch} */
  #name = "";
  #job = UNHEARD;
  /** @type {import("./outlook.js").Outlook} */
  #outlook = {};
  #frame = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #tick;

  /**
   * The Watch behind the element; null while there is no task, or no page. A page that has one already gives it to the
   * element, which shows its task from there on, and leaves its transport and its end to the page.
   */
  get watch() {
    return this.#watch;
  }
  set watch(given) {
    this.#given = given;
    this.taskId = given?.taskId ?? "";
    this.#arrange();
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
   * @returns {Promise<{task_id: string, cancel: string} | undefined>} rejects with a `TaskError`, `too_late` for instance
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

  /** With another task everything is another. */
  #arrange = afterTurn(() => {
    const given = this.#given?.taskId === this.taskId ? this.#given : null;
    const name = given ?? `${this.taskId} ${this.baseUrl}`;
    const other = name !== this.#name;
    if (other || !this.isConnected) this.#close();
    if (other) [this.#name, this.#job, this.#outlook, this.#told] = [name, UNHEARD, {}, null];
    if (!this.isConnected) return;
    const mode = /** @type {Mode} */ (this.transport || "auto");
    if (given && !this.#watch) this.#adopt(given);
    else if (this.taskId && !this.#job.final) this.#watch ??= this.#listen(this.#open(mode));
    if (!given) this.#watch?.use(mode);
    this.#draw();
  });

  /** @param {Mode} transport @returns the task, from where it was left */
  #open(transport) {
    /** @param {string} taskId */
    const getToken = (taskId) => this.#getToken?.(taskId) ?? this.token;
    return watch(this.taskId, {
      baseUrl: this.#base,
      transport,
      after: this.#job.cursor,
      getToken: this.#getToken || this.token ? getToken : undefined,
    });
  }

  /** @param {Watch} given */
  #adopt(given) {
    this.#watch = this.#listen(given);
    this.#job = given.job;
    this.#outlook = foresee({}, given.job, Date.now());
  }

  /** @param {Watch} watching */
  #listen(watching) {
    const { signal } = (this.#listening = new AbortController());
    watching.addEventListener("event", ({ detail }) => this.#heard(detail), { signal });
    // The text so far is no event of the journal.
    watching.addEventListener("output", ({ detail }) => detail.id === undefined && this.#joined(detail), { signal });
    watching.addEventListener("line", () => this.#drawSoon(), { signal });
    watching.result.then(
      (result) => signal.aborted || (this.#isUntold() && this.#emit("task-done", { result, job: this.#job })),
      (error) => signal.aborted || this.#failed(error),
    );
    return watching;
  }

  #close() {
    const watching = this.#watch;
    this.#watch = null;
    this.#listening.abort();
    if (watching !== this.#name) watching?.close();
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

  /** @param {TextSoFar} text */
  #joined(text) {
    this.#job = after(this.#job, text);
    this.#drawSoon();
  }

  /** @param {TaskError} error */
  #failed(error) {
    const { code, message, ref = "" } = error;
    if (!this.#job.final) this.#job = { ...unknown(this.#job), error: { code, message, ref } };
    this.#drawSoon();
    if (this.#isUntold()) this.#emit("task-failed", { error, job: this.#job });
  }

  /** Of the Watch's end, once: a page that has a Watch may take the element away, and put it back. */
  #isUntold() {
    const untold = this.#told !== this.#watch;
    this.#told = this.#watch;
    return untold;
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

  /** The link was followed: where there is a token, not before the browser may. @param {MouseEvent} click */
  async #opened(click) {
    if (!(this.#getToken || this.token)) return;
    const refusal = await openAdmitted(click, (href) => this.#watch?.admit(href) ?? href);
    if (!refusal) return;
    this.#outlook = { ...this.#outlook, refusal };
    this.#view.say(refusal);
    this.#drawSoon();
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
      href: resultLink(job.result, this.#base, this.taskId, job.files),
      cancellable: this.cancellable && picture.stoppable,
      steps: job.steps ?? [],
      output: job.output,
      facts: this.details ? facts(this.taskId, job, watching) : null,
    });
    if (!this.silent && (job.cursor || job.error)) this.#announce(milestone(picture), spoken(picture));
    if (picture.ticking && this.isConnected) this.#tick = setTimeout(() => this.#draw(), TICK);
  }
}
