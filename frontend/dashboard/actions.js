/** Run jobs again, and cancel them: asked about before, and told afterwards what became of each. */
import { make } from "../look/dom.js";
import { counted } from "../look/wording.js";
import { act } from "./requests.js";

/** @import { Outcome } from "./requests.js" */
/** @import { Sure, Told } from "./sure.js" */

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

export class Actions {
  #sure;
  #open;

  /** @param {Sure} sure @param {(id: string) => void} open a job that was sent */
  constructor(sure, open) {
    this.#sure = sure;
    this.#open = open;
  }

  /** Ask whether it is meant. @param {Kind} kind @param {string[]} ids */
  ask(kind, ids) {
    const { question, note, yes } = WORDS[kind];
    const jobs = ids.length === 1 ? "this job" : counted(ids.length, "job");
    this.#sure.ask({ question: question(jobs), note, yes }, async () => this.#told(kind, await act(kind, ids)));
  }

  /** @param {Kind} kind @param {Outcome[]} results @returns {Told | null} */
  #told(kind, results) {
    const refused = results.filter(({ code }) => code);
    const done = results.length - refused.length;
    const [only] = results;
    if (results.length === 1 && only?.sent) {
      this.#open(only.sent);
      return null;
    }
    return {
      note: `${counted(done, "job")} ${WORDS[kind].done}${refused.length ? `, ${refused.length} refused` : ""}.`,
      lines: refused.map(({ task_id, message, code }) => make("li", {}, make("code", { title: task_id }, task_id.slice(0, 8)), ` ${message} (${code})`)),
    };
  }
}
