/** @import { Watch } from "../client/main.js" */
import { watch } from "../client/watch.js";
import { find, say } from "../look/dom.js";
import { JournalRows, MOST_ROWS } from "../look/journal.js";

/** One job's events, live, in a dialog. */
export class LogDialog {
  #dialog;
  #rows;
  #task = "";
  /** @type {Watch | undefined} */
  #watch;

  /** @param {HTMLDialogElement} dialog @param {() => void} closed the user has closed it */
  constructor(dialog, closed) {
    this.#dialog = dialog;
    this.#rows = new JournalRows(find(dialog, "ol"));
    dialog.addEventListener("close", () => {
      this.#watch?.close();
      if (this.#task) closed();
    });
  }

  /** @param {string} task its id; empty: none */
  show(task) {
    if (task === this.#task) return;
    this.#task = task;
    this.#watch?.close();
    if (!task) return this.#dialog.close();
    this.#follow(task);
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  /** @param {string} id */
  #follow(id) {
    /** @type {Parameters<JournalRows["show"]>[0]} */
    const events = [];
    const watching = watch(id);
    this.#watch = watching;
    this.#rows.clear();
    say(find(this.#dialog, "h2"), id);
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
  }
}
