import { tone } from "./client/job.js";
import { duration, told } from "./wording.js";

/** Rows on the page; older ones are still in the journal. */
const MOST_ROWS = 100;

const LABELS = { sse: "SSE", websocket: "WS" };

/** A task's events as rows, each with a mark that shows when in the job's life it came. */
export class EventLog {
  #list;
  #waiting = [];
  #began;
  #lasted = 0;
  #count = 0;

  /** @param {HTMLOListElement} list */
  constructor(list) {
    this.#list = list;
  }

  get count() {
    return this.#count;
  }

  /** Take one more event; `draw` shows it. */
  add(event, transport) {
    this.#count += 1;
    this.#waiting.push({ event, transport, ...this.#timing(event) });
    if (this.#waiting.length > MOST_ROWS) this.#waiting.shift();
  }

  /** Seconds from the first event to this one, and to the one before; a gap has no time of its own. */
  #timing({ ts }) {
    if (ts === undefined) return {};
    this.#began ??= ts;
    const since = this.#lasted;
    this.#lasted = ts - this.#began;
    return { at: this.#lasted, since };
  }

  /** Show what came since the last time. */
  draw() {
    if (this.#waiting.length === 0) return;
    const following = atEnd(this.#list);
    this.#list.append(...this.#waiting.map(row));
    this.#waiting = [];
    while (this.#list.childElementCount > MOST_ROWS) this.#list.firstElementChild.remove();
    // The marks of all rows are placed by CSS, relative to this.
    this.#list.style.setProperty("--lasted", Math.max(this.#lasted, 0.001));
    if (following) this.#list.scrollTop = this.#list.scrollHeight;
  }
}

function row({ event, transport, at, since }) {
  const state = event.type === "gap" ? "GAP" : event.state;
  const item = document.createElement("li");
  item.dataset.tone = tone(state);
  item.append(
    cell("seq", event.id.split("-").at(-1), event.id),
    cell("at", at === undefined ? "" : `+${duration(at)}`),
    cell("state", state),
    cell("told", told(event)),
    cell("span", ""),
    cell("type", event.type),
    cell("via", LABELS[transport]),
  );
  item.style.setProperty("--at", at ?? 0);
  item.style.setProperty("--since", since ?? 0);
  return item;
}

function cell(name, text, title) {
  const span = document.createElement("span");
  span.className = name;
  span.textContent = text;
  if (title) span.title = title;
  return span;
}

function atEnd(list) {
  return list.scrollHeight - list.scrollTop - list.clientHeight < 8;
}
