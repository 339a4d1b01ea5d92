import { sheet } from "../element/sheet.js";
import { make } from "../element/tree.js";
import { adoptEarly, reflecting } from "../element/attributes.js";
import { afterTurn } from "../element/turn.js";
import { baseOf } from "../client/base.js";
import { notice } from "./notice.js";
import { pushes } from "./notify.js";
import { standing } from "./standing.js";
import { STYLE } from "./style.js";
import { subjectOf } from "./subject.js";
import { markUnseen, showUnseenIcon, unmarked } from "./unseen.js";
import { bellWords } from "./wording.js";

/** @import { TaskError } from "../client/main.js" */

const { Attributes, observed } = reflecting(["taskId", "baseUrl", "token", "worker", "page"], []);

/** @typedef {import("./offer.js").BellJob} BellJob */
/** @typedef {{taskId: string, baseUrl: string, token: string, worker: string, page: string}} Properties */
const BellAttributes = /** @type {new () => HTMLElement & Properties} */ (Attributes);

// The tags below become the package's custom-elements.json. docs/reach.md says the same at more length.
/**
 * `<task-bell>`: offers to tell its user later. In a `<task-progress>` it is about that task, and is seen once the task
 * has gone on for 10 s: `<task-progress …><task-bell slot="actions"></task-bell></task-progress>`. In a
 * `<task-feed feed="owner:me">` it is about all tasks of its user, and is seen once one of them has gone on for so long.
 * Elsewhere it has a `task-id` of its own, and is seen at once. Nobody is asked for permission before the button is pressed.
 *
 * @attr {string} task-id - The task, where it is not that of the element around
 * @attr {string} base-url - The gateway, relative to the page
 * @attr {string} token - The task's token
 * @attr {string} worker - The page's own service worker, which imports `taskbeam-sw.js`
 * @attr {string} page - Where a click on the notification leads; `{task_id}` stands for the task
 *
 * @fires {CustomEvent<null>} bell-change - This device is told from now on, or is not any more
 *
 * @csspart button - Asks to be told, and not to be
 * @csspart note - How that stands, in words
 */
export class TaskBell extends BellAttributes {
  static observedAttributes = observed;
  #button = make("button button", { type: "button" });
  #note = make("span note", { role: "status" });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {AbortController | undefined} */
  #listening;
  /** The task that it was offered for: what was seen once does not go away under a finger. */
  #offered = "";
  #asking = false;
  /** @type {BellJob | undefined} */
  #job;
  /** Why the last press brought nothing. */
  #refusal = "";

  constructor() {
    super();
    this.attachShadow({ mode: "open" }).append(this.#button, this.#note);
    this.#button.addEventListener("click", () => void this.#pressed());
  }

  connectedCallback() {
    adoptEarly(this);
    const root = /** @type {ShadowRoot} */ (this.shadowRoot);
    root.adoptedStyleSheets = [sheet(this.ownerDocument, STYLE)];
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    const { around, news } = this.#subject;
    around?.addEventListener(news, () => this.#arrange(), { signal });
    this.#arrange();
  }

  disconnectedCallback() {
    this.#listening?.abort();
    clearTimeout(this.#timer);
  }

  attributeChangedCallback() {
    this.#arrange();
  }

  /** Of another task everything is another. */
  #arrange = afterTurn(() => {
    if (this.isConnected) this.#heard();
  });

  /** What is known of the task; set it where no `<task-progress>` around says so. */
  get job() {
    return this.#job ?? this.closest("task-progress")?.job;
  }
  set job(job) {
    this.#job = job;
    this.#arrange();
  }

  get #subject() {
    return subjectOf(this, this.#job, () => this.#gateway);
  }

  /** What the gateway is to be asked with. @param {Pick<import("./subject.js").Subject, "around" | "key">} subject */
  async #options({ around, key }) {
    const token = this.token || around?.token || (await around?.getToken?.(key));
    const [worker, page] = [this.worker || undefined, this.page || undefined];
    return { ...this.#gateway, token, worker, page };
  }

  get #gateway() {
    const around = this.closest("task-progress") ?? this.closest("task-feed");
    return { baseUrl: this.baseUrl || around?.baseUrl };
  }

  /** Something is another: the task, or how it stands. */
  #heard() {
    clearTimeout(this.#timer);
    const { over, wait, isOn } = this.#subject;
    if (over) return this.#ended();
    if (wait === 0 || isOn()) void this.#offer();
    else if (wait) this.#timer = setTimeout(() => void this.#offer(), wait * 1000);
    if (this.#offered && document.visibilityState !== "visible") this.#tellTab();
    this.#draw();
  }

  /** The tab says how far it is, while nobody looks. */
  #tellTab() {
    const reached = this.job?.progress?.percent;
    if (typeof reached === "number") markUnseen(`${Math.floor(reached)}%`);
  }

  /** Where the gateway can do it. */
  async #offer() {
    const { key } = this.#subject;
    if (this.#offered === key || !(await pushes(this.#gateway)) || this.#subject.over) return;
    this.#offered = key;
    this.#draw();
  }

  /** Whoever is looking has seen it; for whoever waited elsewhere the tab says so, and a notification of its own. */
  #ended() {
    const { key, isOn } = this.#subject;
    const waited = this.#offered === key;
    this.#offered = "";
    this.#draw();
    if (document.visibilityState !== "visible") return void (waited && this.#unseen(key));
    if (isOn()) void this.#stop().catch(() => {});
  }

  /** @param {string} task */
  #unseen(task) {
    const title = this.closest("task-progress")?.label || unmarked();
    const { state = "" } = this.job ?? {};
    markUnseen(bellWords.mark);
    showUnseenIcon();
    void notice(baseOf(this.#gateway.baseUrl), task, title, bellWords.ends[state] ?? state);
  }

  async #pressed() {
    this.#asking = true;
    this.#refusal = "";
    this.#draw();
    const subject = this.#subject;
    try {
      if (subject.isOn()) await this.#stop();
      // Safari lets a page ask only while the press is handled: nothing is awaited before.
      else await subject.ask(this.#options(subject));
      this.dispatchEvent(new CustomEvent("bell-change", { bubbles: true, composed: true }));
    } catch (error) {
      const { code, message } = /** @type {TaskError} */ (error);
      const words = /** @type {Record<string, unknown>} */ (bellWords)[code];
      this.#refusal = typeof words === "string" ? words : bellWords.failed(message);
    }
    this.#asking = false;
    this.#draw();
  }

  async #stop() {
    const subject = this.#subject;
    await subject.stop(await this.#options(subject));
  }

  #draw() {
    const found = standing();
    const { key, offer, isOn } = this.#subject;
    const on = isOn();
    const can = found === "off";
    this.hidden = !this.#offered || this.#offered !== key;
    this.#button.hidden = !can;
    this.#write(this.#button, on ? bellWords.stop : offer);
    this.#button.toggleAttribute("disabled", this.#asking);
    const said = this.#asking ? bellWords.asking : this.#refusal || (on ? bellWords.on : "");
    this.#write(this.#note, can ? said : bellWords[found]);
  }

  /** A live region notices each change. @param {HTMLElement} part @param {string} text */
  #write(part, text) {
    if (part.textContent !== text) part.textContent = text;
  }
}
