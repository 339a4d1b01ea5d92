/** Run jobs again, and cancel them: asked about before, and told afterwards what became of each. */
import { find, make, say } from "../look/dom.js";
import { counted } from "../look/wording.js";
import { act } from "./requests.js";

/** @import { Outcome } from "./requests.js" */
/** @import { TaskError } from "../client/errors.js" */

/** @typedef {"run-again" | "cancel"} Kind */

/** @type {Record<Kind, {question: (jobs: string) => string, note: string, yes: string, done: string}>} */
const WORDS = {
  "run-again": {
    question: (jobs) => `Run ${jobs} again?`,
    note: "Each is sent under a new id, with the same arguments, queue, owner, title and tags.",
    yes: "Run again",
    done: "sent again",
  },
  cancel: {
    question: (jobs) => `Cancel ${jobs}?`,
    note: "Those that wait never begin. Those that run are asked to stop.",
    yes: "Cancel jobs",
    done: "cancelled or asked to stop",
  },
};

/** Codes of answers that come before anything is done. */
const BEFORE = new Set(["unauthenticated", "forbidden", "foreign_origin", "too_many_connections", "invalid_request"]);

export class Actions {
  #dialog;
  #open;
  /** @type {{kind: Kind, ids: string[]} | undefined} */
  #asked;

  /** @param {HTMLDialogElement} dialog @param {(id: string) => void} open a job that was sent */
  constructor(dialog, open) {
    this.#dialog = dialog;
    this.#open = open;
    find(dialog, "[data-yes]").addEventListener("click", () => void this.#do());
    find(dialog, "[data-no]").addEventListener("click", () => dialog.close());
  }

  /** Ask whether it is meant. @param {Kind} kind @param {string[]} ids */
  ask(kind, ids) {
    this.#asked = { kind, ids };
    const { question, note, yes } = WORDS[kind];
    say(find(this.#dialog, "h2"), question(ids.length === 1 ? "this job" : counted(ids.length, "job")));
    say(find(this.#dialog, ".note"), note);
    say(find(this.#dialog, "[data-yes]"), yes);
    say(find(this.#dialog, "[data-no]"), "Keep as is");
    find(this.#dialog, "[data-yes]").hidden = false;
    find(this.#dialog, "ul").replaceChildren();
    this.#dialog.showModal();
    find(this.#dialog, "[data-no]").focus();
  }

  async #do() {
    const { kind, ids } = this.#asked ?? { kind: "cancel", ids: [] };
    this.#asked = undefined; // a second press does nothing
    if (!ids.length) return;
    try {
      this.#tell(/** @type {Kind} */ (kind), await act(kind, ids));
    } catch (error) {
      say(find(this.#dialog, ".note"), unanswered(/** @type {TaskError} */ (error)));
    }
    find(this.#dialog, "[data-yes]").hidden = true;
    say(find(this.#dialog, "[data-no]"), "Close");
  }

  /** @param {Kind} kind @param {Outcome[]} results */
  #tell(kind, results) {
    const refused = results.filter(({ code }) => code);
    const done = results.length - refused.length;
    const [only] = results;
    if (results.length === 1 && only?.sent) {
      this.#dialog.close();
      return this.#open(only.sent);
    }
    say(find(this.#dialog, ".note"), `${counted(done, "job")} ${WORDS[kind].done}${refused.length ? `, ${refused.length} refused` : ""}.`);
    const list = refused.map(({ task_id, message, code }) => make("li", {}, make("code", { title: task_id }, task_id.slice(0, 8)), ` ${message} (${code})`));
    find(this.#dialog, "ul").replaceChildren(...list);
  }
}

/** What is known where the answer is none of outcomes. @param {Pick<TaskError, "code" | "message">} error */
export function unanswered({ code, message }) {
  return `${BEFORE.has(code) ? "Nothing was done." : "It is not known what was done: look at the list."} ${message}`;
}
