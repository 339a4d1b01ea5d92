/** Asks whether something is meant before it is done, and tells afterwards what became of it. */
import { find, say } from "../look/dom.js";

/** @import { TaskError } from "../client/errors.js" */

/**
 * @typedef {{question: string, note: string, yes: string}} Question
 * @typedef {{note: string, lines?: Node[]}} Told
 */

/** Codes of answers that come before anything is done. */
const BEFORE = new Set([
  "unauthenticated",
  "forbidden",
  "foreign_origin",
  "too_many_connections",
  "invalid_request",
  "no_such_queue",
  "remote_control_off",
  "no_worker_answered",
  "not_paused",
]);

export class Sure {
  #dialog;
  /** @type {(() => Promise<Told | null>) | undefined} */
  #act;
  /** Questions until now: what became of one may be known when the next is asked, and has no place there. */
  #asked = 0;

  /** @param {HTMLDialogElement} dialog */
  constructor(dialog) {
    this.#dialog = dialog;
    find(dialog, "[data-yes]").addEventListener("click", () => void this.#do());
    find(dialog, "[data-no]").addEventListener("click", () => dialog.close());
  }

  /** @param {Question} question @param {() => Promise<Told | null>} act returns what is told; null: nothing, it is over */
  ask({ question, note, yes }, act) {
    this.#act = act;
    this.#asked += 1;
    say(find(this.#dialog, "h2"), question);
    say(find(this.#dialog, ".note"), note);
    say(find(this.#dialog, "[data-yes]"), yes);
    say(find(this.#dialog, "[data-no]"), "Keep as is");
    find(this.#dialog, "[data-yes]").hidden = false;
    find(this.#dialog, "ul").replaceChildren();
    this.#dialog.showModal();
    find(this.#dialog, "[data-no]").focus();
  }

  async #do() {
    const [act, asked] = [this.#act, this.#asked];
    this.#act = undefined; // a second press does nothing
    if (!act) return;
    find(this.#dialog, "[data-yes]").hidden = true;
    find(this.#dialog, "[data-no]").focus();
    say(find(this.#dialog, "[data-no]"), "Close");
    const told = await act().catch((error) => ({ note: unanswered(error), lines: [] }));
    if (asked !== this.#asked) return;
    if (!told) return this.#dialog.close();
    say(find(this.#dialog, ".note"), told.note);
    find(this.#dialog, "ul").replaceChildren(...(told.lines ?? []));
  }
}

/** What is known where the answer is none of outcomes. @param {Pick<TaskError, "code" | "message">} error */
export function unanswered({ code, message }) {
  return `${BEFORE.has(code) ? "Nothing was done." : "It is not known what was done: look at the page."} ${message}`;
}
