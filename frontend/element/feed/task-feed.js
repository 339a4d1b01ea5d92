import { baseOf } from "../../client/base.js";
import { watchFeed } from "../../client/feed.js";
import { announcer } from "../announce.js";
import { adoptEarly } from "../attributes.js";
import { openAdmitted, resultLink } from "../link.js";
import { afterTurn } from "../turn.js";
import { words } from "../wording.js";
import { parts, row, summary, whole } from "./portrait.js";
import { FeedAttributes, observed } from "./properties.js";
import { FeedView } from "./view.js";
import { feedWords } from "./wording.js";

/** @import { FeedTask, FeedWatch, Mode, Rollup } from "../../client/main.js" */
/** @import { ShownTask } from "./portrait.js" */

/** Milliseconds between two pictures of something that counts down. */
const TICK = 1_000;
/** Tasks that are shown where nobody says how many; of what is one whole, one wants to see more. */
const LIMIT = 20;
const LIMIT_OF_WHOLE = 200;
const WHOLE = /^(group|tree):/;

// The tags below become the package's custom-elements.json. docs/element.md says the same at more length.
/**
 * `<task-feed feed="owner:me">`: the tasks of a feed, a list that keeps itself. All its events bubble, also out of shadow
 * trees.
 *
 * @attr {string} feed - The feed: `owner:me`, `tag:billing`
 * @attr {string} base-url - The gateway, relative to the page; the one that served the element without it
 * @attr {string} label - What the list is to its user
 * @attr {string} limit - How many tasks are shown, the newest; 20 without it, 200 of a group or a tree
 * @attr {"websocket" | "sse" | "poll"} transport - The only transport to use; the client chooses without it
 * @attr {string} token - A token that reads the feed
 * @attr {boolean} silent - Screen readers are told nothing
 * @attr {string} current - Id of the task that the page shows beside the list
 *
 * @fires {CustomEvent<{tasks: readonly FeedTask[], rollup: Rollup}>} feed-change - The tasks or their counts have changed
 * @fires {CustomEvent<JournalEvent>} feed-event - Something happened to one of the tasks
 * @fires {CustomEvent<{error: TaskError}>} feed-failed - The feed cannot be followed
 *
 * @slot title - The label, also for screen readers
 * @slot actions - Buttons, below the list
 * @slot empty - Instead of the list, where there are no tasks
 *
 * @csspart card - All of it; `gone` as a second name where there is no list to be had
 * @csspart header - Title and summary
 * @csspart title - What the list is to its user
 * @csspart summary - How many tasks there are of each kind
 * @csspart track - What a bar runs in: that of the whole, where the feed is one, and that of each open task
 * @csspart bar - How far
 * @csspart list - The tasks
 * @csspart empty - What stands there without any
 * @csspart part - Of a canvas: the tasks of one name
 * @csspart heading - Above them, where there are several
 * @csspart standing - How many of them have ended
 * @csspart members - The tasks below
 * @csspart row - One task; has its tone as a second name: `waiting`, `running`, `done`, `failed`; and `current`
 * @csspart head - Name and state of a task
 * @csspart name - What a task is called
 * @csspart state - The state in a word or two
 * @csspart body - Message and figure
 * @csspart message - The one sentence
 * @csspart figure - How far, in numbers
 * @csspart foot - Time, note and link
 * @csspart at - When it was sent
 * @csspart note - What is good to know beside the message, or beside the list
 * @csspart link - To the result
 * @csspart status - What screen readers are told
 *
 * @cssprop [--task-accent=light-dark(#18795f, #52c9a6)] - Bars and links
 * @cssprop [--task-danger=light-dark(#b2352a, #ff8f7f)] - What failed
 * @cssprop [--task-ink=light-dark(#12201d, #e5edea)] - Text
 * @cssprop [--task-background=light-dark(#fff, #151d1b)] - The card
 */
export class TaskFeed extends FeedAttributes {
  static observedAttributes = observed;
  #view = new FeedView(this.attachShadow({ mode: "open" }));
  #announce = announcer((text) => this.#view.say(text));
  /** @type {FeedWatch | null} */
  #watch = null;
  /** @type {((feed: string) => string | Promise<string>) | undefined} */
  #getToken;
  /** @type {((task: ShownTask) => string | null | undefined) | undefined} */
  #titleOf;
  /** @type {((task: ShownTask) => string | null | undefined) | undefined} */
  #linkOf;
  /** Which feed the tasks are of, and where. */
  #name = "";
  /** @type {{tasks: readonly FeedTask[], rollup: Rollup | null}} */
  #shown = { tasks: [], rollup: null };
  /** Tasks of the page's own. @type {readonly ShownTask[] | null} */
  #given = null;
  /** Which result could not be opened, and why in words. */
  #refused = { taskId: "", why: "" };
  #frame = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #tick;

  /** The FeedWatch behind the element; null while there is no feed, or no page. */
  get watch() {
    return this.#watch;
  }

  /**
   * The tasks that are shown, the newest first. A page that follows tasks itself sets them, each time one has changed, and
   * needs no feed.
   *
   * @returns {readonly ShownTask[]}
   */
  get tasks() {
    return this.#given ?? this.#shown.tasks;
  }
  set tasks(value) {
    this.#given = value;
    this.#drawSoon();
  }

  /** How all tasks of the feed stand; null before its list is there. */
  get rollup() {
    return this.#shown.rollup;
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

  /** What a task is called, in place of its name. */
  get titleOf() {
    return this.#titleOf;
  }
  set titleOf(value) {
    this.#titleOf = value;
    this.#drawSoon();
  }

  /** The page of a task, where its name leads. */
  get linkOf() {
    return this.#linkOf;
  }
  set linkOf(value) {
    this.#linkOf = value;
    this.#drawSoon();
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

  /** With another feed everything is another. */
  #arrange = afterTurn(() => {
    const name = `${this.feed} ${this.baseUrl} ${this.limit}`;
    const other = name !== this.#name;
    if (other || !this.isConnected) this.#close();
    if (other) [this.#name, this.#shown] = [name, { tasks: [], rollup: null }];
    if (!this.isConnected) return;
    const mode = /** @type {Mode} */ (this.transport || "auto");
    if (this.feed) this.#watch ??= this.#open(mode);
    this.#watch?.use(mode);
    this.#draw();
  });

  /** @param {Mode} transport */
  #open(transport) {
    /** @param {string} feed */
    const getToken = (feed) => this.#getToken?.(feed) ?? this.token;
    const watching = watchFeed(this.feed, {
      baseUrl: this.#base,
      transport,
      limit: Number.parseInt(this.limit) || (WHOLE.test(this.feed) ? LIMIT_OF_WHOLE : LIMIT),
      getToken: this.#getToken || this.token ? getToken : undefined,
    });
    watching.addEventListener("change", () => this.#changed(watching));
    watching.addEventListener("event", ({ detail }) => this.#emit("feed-event", detail));
    watching.addEventListener("line", () => {
      this.#drawSoon();
      if (watching.error) this.#emit("feed-failed", { error: watching.error });
    });
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

  /** @param {FeedWatch} watching */
  #changed({ tasks, rollup }) {
    this.#shown = { tasks, rollup };
    this.#drawSoon();
    this.#emit("feed-change", { tasks, rollup });
  }

  /** @param {string} type @param {unknown} detail */
  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }

  /** A task's link was followed: where there is a token, not before the browser may. @param {ShownTask} task @param {MouseEvent} click */
  async #opened({ taskId }, click) {
    if (!(this.#getToken || this.token)) return;
    const why = await openAdmitted(click, (href) => this.#watch?.admit(taskId, href) ?? href);
    this.#refused = { taskId, why };
    if (why) this.#view.say(why);
    this.#drawSoon();
  }

  /** With the next frame: a feed may tell more than a screen can show. */
  #drawSoon() {
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.#frame = 0;
    clearTimeout(this.#tick);
    const { tasks } = this;
    const { rollup } = this.#shown;
    const { error, line = "" } = this.#watch ?? {};
    const now = Date.now();
    const rows = tasks.map((task) => this.#row(task, now));
    const several = parts(rows, rollup?.total === rows.length);
    const gathered = whole(rollup) !== null && several.length > 1;
    const refusal = error && (feedWords.refusals[error.code] ?? error.message);
    const standing = rollup ? summary(rollup) : "";
    const note = refusal ?? words.lines[line] ?? (rollup && rollup.total > rows.length ? feedWords.newest(rows.length, rollup.total) : "");
    this.#view.draw({
      title: this.label || feedWords.feed,
      summary: rows.length ? standing : "",
      whole: whole(rollup),
      rows: gathered ? [] : rows,
      parts: gathered ? several : [],
      none: refusal ?? (rollup || this.#given ? feedWords.none : (words.lines[line] ?? feedWords.connecting)),
      note: rows.length ? note : "",
      tone: error ? "gone" : "",
    });
    const said = refusal ?? standing;
    if (!this.silent && said) this.#announce(said, said);
    if (rows.some(({ ticking }) => ticking) && this.isConnected) this.#tick = setTimeout(() => this.#draw(), TICK);
  }

  /** @param {ShownTask} task @param {number} now */
  #row(task, now) {
    const shown = row(task, now);
    const { taskId, why } = this.#refused;
    return {
      ...shown,
      note: (taskId === task.taskId && why) || shown.note,
      key: task.taskId,
      title: this.#titleOf?.(task) || shown.title,
      page: this.#linkOf?.(task) || "",
      current: task.taskId === this.current,
      // A page that follows tasks itself knows how their results are opened.
      href: this.#given ? "" : resultLink(task.result, this.#base, task.taskId, task.files),
      opened: (/** @type {MouseEvent} */ click) => void this.#opened(task, click),
    };
  }
}
