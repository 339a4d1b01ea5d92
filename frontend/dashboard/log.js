/** @import { Watch } from "../client/main.js" */
import { watch } from "../client/watch.js";
import { find, say } from "../look/dom.js";
import { JournalRows, MOST_ROWS } from "../look/journal.js";

/** One job's events, live, in a dialog. */
export class LogDialog {
  #dialog;
  #rows;
  /** @type {Watch | undefined} */
  #watch;

  /** @param {HTMLDialogElement} dialog */
  constructor(dialog) {
    this.#dialog = dialog;
    this.#rows = new JournalRows(find(dialog, "ol"));
    dialog.addEventListener("close", () => this.#watch?.close());
  }

  /** @param {{id: string, name: string, trace?: string}} job */
  open({ id, name, trace }) {
    /** @type {Parameters<JournalRows["show"]>[0]} */
    const events = [];
    const watching = watch(id);
    this.#watch = watching;
    this.#rows.clear();
    say(find(this.#dialog, "h2"), name);
    say(find(this.#dialog, "code"), id);
    const traced = find(this.#dialog, ".trace");
    traced.hidden = !trace;
    // As tracing backends look for it: the id alone (W3C Trace Context).
    say(find(traced, "code"), trace?.split("-")[1] ?? "");
    let [heard, due] = [0, 0];
    watching.addEventListener("event", ({ detail: event }) => {
      if (this.#watch !== watching) return;
      heard += 1;
      events.push({ event, transport: watching.transport });
      events.splice(0, events.length - MOST_ROWS);
      due ||= requestAnimationFrame(() => {
        due = 0;
        if (this.#watch === watching) this.#rows.show(events, heard);
      });
    });
    this.#dialog.showModal();
  }
}
