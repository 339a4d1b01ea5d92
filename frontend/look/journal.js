/** @import { TaskEvent, Transport } from "../client/main.js" */
import { tone } from "../client/job.js";
import { make } from "./dom.js";
import { duration } from "./wording.js";
import { told } from "./telling.js";

/** Rows on the page; older ones are still in the journal. */
export const MOST_ROWS = 200;

const LABELS = { sse: "SSE", websocket: "WS", poll: "poll" };

/** A task's events as rows. */
export class JournalRows {
  #list;
  #shown = 0;
  #began = 0;

  /** @param {HTMLOListElement} list */
  constructor(list) {
    this.#list = list;
  }

  /** Begin with another task. */
  clear() {
    this.#list.replaceChildren();
    this.#shown = this.#began = 0;
  }

  /**
   * Add those that are new.
   *
   * @param {{event: TaskEvent, transport: Transport}[]} events the newest
   * @param {number} heard how many there were in all
   */
  show(events, heard) {
    if (this.#shown >= heard) return;
    const following = atEnd(this.#list);
    for (const { event, transport } of events.slice(Math.max(0, events.length - (heard - this.#shown)))) {
      const at = event.type === "gap" ? null : event.ts;
      this.#began ||= at ?? 0;
      this.#list.append(row(event, transport, at === null ? "" : `+${duration(at - this.#began)}`));
    }
    this.#shown = heard;
    while (this.#list.childElementCount > MOST_ROWS) this.#list.firstElementChild?.remove();
    if (following) this.#list.scrollTop = this.#list.scrollHeight;
  }
}

/** @param {TaskEvent} event @param {Transport} transport @param {string} at */
function row(event, transport, at) {
  const state = event.type === "gap" ? "GAP" : event.state;
  const kind = event.type === "state" || event.type === "progress" ? state : event.type;
  return make(
    "li",
    { "data-tone": tone(state), "data-type": event.type },
    make("span", { class: "seq", title: event.id }, event.id.split("-")[1] ?? ""),
    make("span", { class: "at" }, at),
    make("span", { class: "kind" }, kind),
    make("span", { class: "told" }, told(event)),
    make("span", { class: "via" }, LABELS[transport]),
  );
}

/** @param {HTMLElement} list */
function atEnd(list) {
  return list.scrollHeight - list.scrollTop - list.clientHeight < 8;
}
