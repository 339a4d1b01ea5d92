import { EventLog } from "./event-log.js";
import { percent, tone, UNHEARD, unknown } from "./client/job.js";
import { outcome } from "./outcome.js";
import { counted, duration, percentage } from "./wording.js";

const LABELS = { sse: "SSE", websocket: "WebSocket" };
const LINES = { connecting: "Connecting", live: "Live", waiting: "Reconnecting", ended: "Ended", gone: "Gone" };

const PARTS = [
  ...["name", "task", "attempt", "state", "message", "figure"],
  ...["count", "line", "cursor", "events", "snapshot"],
];

/** One job on the page. It is told what to show, and decides nothing. */
export class JobCard {
  #parts;
  #log;
  #job = UNHEARD;
  #frame = 0;

  /**
   * @param {{task_id: string, title: string, urls: {self: string, events: string}}} task
   * @param {{fresh: boolean, dismiss: () => void}} options `fresh`: sent just now, so keep room for its events
   */
  constructor(task, { fresh, dismiss }) {
    this.element = document.getElementById("job-card").content.firstElementChild.cloneNode(true);
    this.#parts = parts(this.element);
    this.#log = new EventLog(this.element.querySelector(".log"));
    this.element.classList.toggle("fresh", fresh);

    const title = this.element.querySelector("h3");
    title.textContent = task.title;
    title.id = `title-${task.task_id}`;
    this.element.setAttribute("aria-labelledby", title.id);

    const { bar, task: id, events, snapshot } = this.#parts;
    bar.setAttribute("aria-label", `Progress of ${task.title}`);
    id.textContent = task.task_id.slice(0, 8);
    id.title = task.task_id;
    events.href = `${task.urls.events}?limit=1000`;
    snapshot.href = task.urls.self;

    const button = this.element.querySelector(".dismiss");
    button.setAttribute("aria-label", `Dismiss ${task.title}`);
    button.addEventListener("click", dismiss);
    this.element.querySelector("details").open = fresh;
    this.#draw();
  }

  /** Show the job as it is after the event, with the next frame: a task may tell more than a screen can show. */
  hear(job, event, transport) {
    this.#job = job;
    this.#log.add(event, transport);
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  /** Once more what a passing second changes. */
  tick() {
    if (this.#job.retry) this.#showOutcome();
  }

  /** @param {import("./stream.js").Line} line */
  showLine(line, transport) {
    this.#parts.line.dataset.line = line;
    this.#parts.line.textContent = `${LINES[line]} · ${LABELS[transport]}`;
    if (line === "gone") {
      this.#job = unknown(this.#job);
      this.#draw();
    }
  }

  #draw() {
    this.#frame = 0;
    const { name, attempt, state, count, cursor } = this.#parts;
    const job = this.#job;
    this.element.dataset.tone = tone(job.state);
    name.textContent = job.name ?? "";
    attempt.textContent = job.cursor ? `attempt ${job.attempt}` : "";
    state.textContent = job.state;
    count.textContent = counted(this.#log.count, "event");
    cursor.textContent = job.cursor ?? "–";
    this.#showProgress();
    this.#showOutcome();
    this.#log.draw();
  }

  #showOutcome() {
    const job = this.#job;
    this.#parts.message.replaceChildren(...outcome(job));
    this.#parts.figure.textContent = job.final ? duration(job.ts - (job.began ?? job.ts)) : percentage(percent(job));
  }

  #showProgress() {
    const { bar } = this.#parts;
    const job = this.#job;
    const reached = percent(job);
    const known = reached !== null;
    bar.dataset.known = known;
    bar.style.setProperty("--reached", known ? reached / 100 : 0);
    if (known) bar.setAttribute("aria-valuenow", Math.floor(reached));
    else bar.removeAttribute("aria-valuenow");
    bar.setAttribute("aria-valuetext", job.progress?.message ?? job.state);
  }
}

/** The elements of a card by the names that the template gives them: `data-cursor` → `cursor`. */
function parts(card) {
  const found = { bar: card.querySelector(".bar") };
  for (const name of PARTS) found[name] = card.querySelector(`[data-${name}]`);
  return found;
}
