/** @import { Watch } from "../client/main.js" */
import { watch } from "../client/watch.js";
import { find, say } from "../look/dom.js";
import { JournalRows } from "../look/journal.js";

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

  /** @param {{id: string, name: string}} job */
  open({ id, name }) {
    /** @type {Parameters<JournalRows["show"]>[0]} */
    const events = [];
    const watching = watch(id);
    this.#watch = watching;
    this.#rows.clear();
    say(find(this.#dialog, "h2"), name);
    say(find(this.#dialog, "code"), id);
    let due = 0;
    watching.addEventListener("event", ({ detail: event }) => {
      if (this.#watch !== watching) return;
      events.push({ event, transport: watching.transport });
      due ||= requestAnimationFrame(() => {
        due = 0;
        if (this.#watch === watching) this.#rows.show(events);
      });
    });
    this.#dialog.showModal();
  }
}
