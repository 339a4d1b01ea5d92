/** @import { Mode } from "../client/index.js" */
/** @import { TaskBell } from "../notify/index.js" */
/** @import { Follow } from "./follow.js" */
/** @import { Proof } from "./trace.js" */
import { percent, tone } from "../client/index.js";
import "../notify/index.js";
import { find, say } from "../look/dom.js";
import { JournalRows } from "../look/journal.js";
import { counted, duration, percentage } from "../look/wording.js";
import { CurlPane } from "./curl.js";
import { drawLanes } from "./lanes.js";
import { outcome } from "./outcome.js";
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

/** One job in full: how it stands, its way over the transports, its result and its events. */
export class Detail {
  #panel;
  /** @type {Follow | undefined} */
  #follow;
  #journal;
  #result;
  #curl;
  #chosen;

  /** @param {HTMLElement} panel @param {(mode: Mode) => void} chosen a transport was chosen by hand */
  constructor(panel, chosen) {
    this.#panel = panel;
    this.#chosen = chosen;
    this.#journal = new JournalRows(this.#part("journal"));
    this.#result = new ResultPanel(this.#part("result"));
    this.#curl = new CurlPane(this.#part("curl"));
    this.#part("lanes").addEventListener("change", (/** @type {any} */ { target }) => this.#use(target.value));
    this.#part("cut").addEventListener("click", () => this.#follow?.watch.drop());
    this.#part("cancel").addEventListener("click", () => void this.#cancel());
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
    Object.assign(this.#bell, { taskId: task.task_id, token: task.token ?? "", job: follow.job });
    say(this.#part("title"), task.title);
    say(this.#part("task"), task.task_id);
    say(this.#part("note"), "");
    this.#part("bar").setAttribute("aria-label", `Progress of ${task.title}`);
    this.#part("events").setAttribute("href", `/tasks/${encodeURIComponent(task.task_id)}/events?limit=1000`);
    this.#part("snapshot").setAttribute("href", `/tasks/${encodeURIComponent(task.task_id)}`);
    this.draw();
  }

  get #bell() {
    return /** @type {TaskBell} */ (this.#part("bell"));
  }

  /** @param {string} text about the job that is shown, until it has ended */
  note(text) {
    say(this.#part("note"), text);
  }

  focus() {
    find(this.#panel, "h2").focus();
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
    this.#panel.dataset.tone = tone(job.state);
    say(this.#part("name"), job.name ?? "");
    say(this.#part("attempt"), `attempt ${job.attempt}`);
    say(this.#part("state"), job.state);
    this.#offer("cancel", !job.final && !follow.over);
    this.#offer("cut", !follow.over);
    if (job.final) say(this.#part("note"), "");
    this.#bell.job = job;
    this.#drawProgress(follow);
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
    say(this.#part("figure"), figure(this.#follow, Date.now() / 1000));
    if (this.#follow.job.retry) say(this.#part("message"), outcome(this.#follow));
  }

  drawLanes() {
    const follow = this.#follow;
    if (!follow || this.#panel.hidden) return;
    drawLanes(/** @type {any} */ (this.#part("trace")), follow.trace, { now: Date.now() / 1000, over: follow.over });
  }

  /** @param {Follow} follow */
  #drawProgress(follow) {
    const { job } = follow;
    const reached = percent(job);
    const bar = this.#part("bar");
    const message = outcome(follow);
    say(this.#part("message"), message);
    say(this.#part("figure"), figure(follow, Date.now() / 1000));
    bar.dataset.known = String(reached !== null);
    bar.style.setProperty("--reached", String((reached ?? 0) / 100));
    if (reached === null) bar.removeAttribute("aria-valuenow");
    else bar.setAttribute("aria-valuenow", String(Math.floor(reached)));
    bar.setAttribute("aria-valuetext", message);
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
    this.#chosen(mode);
    this.draw();
  }

  async #cancel() {
    const follow = this.#follow;
    if (!follow) return;
    try {
      const { cancel } = await follow.watch.cancel();
      if (follow === this.#follow) say(this.#part("note"), CANCELLED[cancel] ?? cancel);
    } catch (error) {
      if (follow === this.#follow) say(this.#part("note"), error instanceof Error ? error.message : String(error));
    }
  }

  /** @param {string} name as `data-part` has it @returns {any} */
  #part(name) {
    return find(this.#panel, `[data-part="${name}"]`);
  }
}

/**
 * How far it is; where nobody can tell, or it has ended, how long it took so far.
 *
 * @param {Follow} follow
 * @param {number} now Unix seconds
 */
function figure({ job, trace, over }, now) {
  const reached = percent(job);
  if (reached !== null && !job.final) return percentage(reached);
  if (job.began === undefined || job.ts === undefined) return "";
  return duration((over ? job.ts : Math.max(job.ts, now - trace.skew)) - job.began);
}

/** @type {Record<string, string>} */
const CANCELLED = {
  revoked: "Cancelled before it began.",
  requested: "Asked to stop; the job ends at its next step.",
  terminating: "Being ended by signal.",
};

/** @param {Proof} proof @returns {string} in words */
export function proved({ count, numbered, missing, repeated, recovered, cuts, requests, polls }) {
  if (!count) return "Waiting for the first event";
  const parts = [`${count - repeated} of ${counted(numbered, "event")}`, `${missing} lost`, `${repeated} duplicated`];
  if (recovered) parts.push(`${recovered} replayed`);
  if (cuts) parts.push(counted(cuts, "reconnect"));
  if (requests && polls > requests) parts.push(`${counted(requests, "request")} instead of ${counted(polls, "poll")}`);
  return parts.join(" · ");
}
