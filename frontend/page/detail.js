/** @import { Mode } from "../client/index.js" */
/** @import { TaskProgress } from "../element/index.js" */
/** @import { TaskBell } from "../notify/index.js" */
/** @import { Follow } from "./follow.js" */
/** @import { Proof } from "./trace.js" */
import "../element/index.js";
import { find, say } from "../look/dom.js";
import { JournalRows } from "../look/journal.js";
import { counted } from "../look/wording.js";
import { killWorker } from "./ask.js";
import { CurlPane } from "./curl.js";
import { drawLanes } from "./lanes.js";
import { ResultPanel } from "./result.js";

const LABELS = { sse: "SSE", websocket: "WebSocket", poll: "long-polling" };
const LINES = {
  connecting: "Connecting over",
  live: "Live over",
  waiting: "Connection lost, retrying over",
  offline: "Offline, retrying over",
  ended: "Closed: job finished, over",
  gone: "Job not found over",
};

/** The task that a broker delivers again when its worker has died: it is worth killing one. */
const DELIVERED_AGAIN = "reports.year";

/** One job in full: how it stands, which the element for one task draws, its way over the transports, its result and its events. */
export class Detail {
  #panel;
  /** @type {Follow | undefined} */
  #follow;
  #journal;
  #result;
  #curl;
  #told;
  #kills = false;

  /**
   * @param {HTMLElement} panel
   * @param {{chosen: (mode: Mode) => void, dismiss: (taskId: string) => void}} told `chosen`: a transport was, by hand
   */
  constructor(panel, told) {
    this.#panel = panel;
    this.#told = told;
    this.#journal = new JournalRows(this.#part("journal"));
    this.#result = new ResultPanel(this.#part("result"));
    this.#curl = new CurlPane(this.#part("curl"));
    this.#part("lanes").addEventListener("change", (/** @type {any} */ { target }) => this.#use(target.value));
    this.#part("cut").addEventListener("click", () => this.#follow?.watch.drop());
    this.#part("kill").addEventListener("click", () => void this.#kill());
    this.#part("dismiss").addEventListener("click", () => this.#follow && told.dismiss(this.#follow.task.task_id));
    new ResizeObserver(() => this.drawLanes()).observe(this.#part("trace"));
  }

  /** @param {Follow | undefined} follow the job to show from now on */
  show(follow) {
    this.#panel.hidden = !follow;
    if (follow === this.#follow) return;
    this.#follow = follow;
    this.#journal.clear();
    this.#curl.show(follow?.task);
    if (!follow) return;
    const { task } = follow;
    Object.assign(this.#card, { watch: follow.watch, token: task.token ?? "", label: task.title });
    Object.assign(this.#bell, { taskId: task.task_id, token: task.token ?? "", job: follow.job });
    say(this.#part("title"), task.title);
    say(this.#part("note"), "");
    this.#part("dismiss").setAttribute("aria-label", `Dismiss ${task.title}`);
    this.#part("events").setAttribute("href", `/tasks/${encodeURIComponent(task.task_id)}/events?limit=1000`);
    this.#part("snapshot").setAttribute("href", `/tasks/${encodeURIComponent(task.task_id)}`);
    this.draw();
  }

  get #card() {
    return /** @type {TaskProgress} */ (this.#part("card"));
  }

  get #bell() {
    return /** @type {TaskBell} */ (this.#part("bell"));
  }

  /** @param {string} text about the job that is shown, until it has ended */
  note(text) {
    say(this.#part("note"), text);
  }

  /** @param {boolean} kills whether the worker may be killed */
  offerKilling(kills) {
    this.#kills = kills;
  }

  focus() {
    this.#part("title").focus();
  }

  /** A list may be longer than the window: the job that was chosen there is seen without looking for it. */
  bringIntoView() {
    const { top } = this.#part("title").getBoundingClientRect();
    if (top < 0 || top > innerHeight / 2) this.#panel.scrollIntoView({ block: "start" });
  }

  draw() {
    const follow = this.#follow;
    if (!follow) return;
    const { job } = follow;
    this.#offer("cut", !follow.over);
    this.#offer("kill", this.#kills && !follow.over && job.name === DELIVERED_AGAIN);
    if (job.final) say(this.#part("note"), "");
    this.#bell.job = job;
    this.#drawLine(follow);
    this.#result.show(follow);
    this.#journal.show(follow.events, follow.heard);
    say(this.#part("cursor"), follow.watch.cursor ?? "–");
    say(this.#part("count"), counted(follow.heard, "event"));
  }

  /** Once more what a passing moment changes. */
  tick() {
    if (!this.#follow || this.#follow.over) return;
    this.drawLanes();
  }

  drawLanes() {
    const follow = this.#follow;
    if (!follow || this.#panel.hidden) return;
    drawLanes(/** @type {any} */ (this.#part("trace")), follow.trace, { now: Date.now() / 1000, over: follow.over });
  }

  /** @param {Follow} follow */
  #drawLine(follow) {
    const { line, transport } = follow.watch;
    const proof = follow.trace.proof();
    const status = this.#part("line");
    status.dataset.line = line;
    say(status, `${LINES[line]} ${LABELS[transport]}`);
    say(this.#part("proof"), proved(proof));
    this.#part("proof").dataset.whole = String(proof.missing === 0 && proof.repeated === 0);
    const trace = this.#part("trace");
    trace.setAttribute("aria-label", `${status.textContent}. ${proved(proof)}`);
    this.#part("lanes").toggleAttribute("data-over", follow.over);
    for (const choice of this.#choices()) {
      choice.checked = choice.value === follow.mode;
      choice.parentElement?.toggleAttribute("data-used", choice.value === transport);
    }
    this.drawLanes();
  }

  /** @returns {NodeListOf<HTMLInputElement>} */
  #choices() {
    return this.#part("lanes").querySelectorAll("input");
  }

  /** A button that goes must not take the focus with it. @param {string} name @param {boolean} offered */
  #offer(name, offered) {
    const button = this.#part(name);
    if (!offered && document.activeElement === button) this.focus();
    button.hidden = !offered;
  }

  /** @param {Mode} mode */
  #use(mode) {
    this.#follow?.use(mode);
    this.#told.chosen(mode);
    this.draw();
  }

  async #kill() {
    const follow = this.#follow;
    try {
      await killWorker();
      if (follow === this.#follow) this.note("The worker is killed, and another one starts: the job is delivered again.");
    } catch (error) {
      if (follow === this.#follow) this.note(error instanceof Error ? error.message : String(error));
    }
  }

  /** @param {string} name as `data-part` has it @returns {any} */
  #part(name) {
    return find(this.#panel, `[data-part="${name}"]`);
  }
}

/** @param {Proof} proof @returns {string} in words */
function proved({ count, numbered, missing, repeated, recovered, cuts, requests, polls }) {
  if (!count) return "Waiting for the first event";
  const parts = [`${(count - repeated).toLocaleString("en")} of ${counted(numbered, "event")}`, `${missing} lost`, `${repeated} duplicated`];
  if (recovered) parts.push(`${recovered} replayed`);
  if (cuts) parts.push(counted(cuts, "reconnect"));
  if (requests && polls > requests) parts.push(`${counted(requests, "request")} instead of ${counted(polls, "poll")}`);
  return parts.join(" · ");
}
