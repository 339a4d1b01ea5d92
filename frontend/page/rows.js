/** @import { Follow } from "./follow.js" */
import { percent, tone } from "../client/index.js";
import { find, make, say } from "../look/dom.js";
import { duration, percentage } from "../look/wording.js";
import { outcome } from "./outcome.js";

/** The list of jobs: a line for each, and a link to the rest. */
export class Rows {
  #list;
  /** @type {Map<string, HTMLLIElement>} */
  #rows = new Map();
  #dismiss;

  /** @param {HTMLElement} list @param {(taskId: string) => void} dismiss */
  constructor(list, dismiss) {
    this.#list = list;
    this.#dismiss = dismiss;
  }

  /** @param {Follow} follow @param {{first: boolean}} where */
  add({ task }, { first }) {
    const button = make("button", { class: "quiet", type: "button", "aria-label": `Dismiss ${task.title}` }, "×");
    button.addEventListener("click", () => this.#dismiss(task.task_id));
    const row = make(
      "li",
      {},
      make(
        "a",
        { href: `#${task.task_id}` },
        make("b", {}, make("bdi", {}, task.title)),
        make("span", { class: "state" }),
        make("small", {}),
        make("span", { class: "figure" }),
        make("span", { class: "bar" }),
      ),
      button,
    );
    this.#rows.set(task.task_id, row);
    this.#list[first ? "prepend" : "append"](row);
  }

  /** @param {string} taskId @returns {string | undefined} the task beside it */
  remove(taskId) {
    const row = this.#rows.get(taskId);
    const neighbour = row?.nextElementSibling ?? row?.previousElementSibling;
    row?.remove();
    this.#rows.delete(taskId);
    return [...this.#rows].find(([, other]) => other === neighbour)?.[0];
  }

  /** @param {string | undefined} taskId the one whose details are shown */
  mark(taskId) {
    for (const [id, row] of this.#rows) {
      const link = find(row, "a");
      if (id === taskId) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  /** @param {string} taskId */
  focus(taskId) {
    const row = this.#rows.get(taskId);
    if (row) find(row, "a").focus();
  }

  /** @param {Follow} follow */
  draw(follow) {
    const row = this.#rows.get(follow.task.task_id);
    if (!row) return;
    const { job } = follow;
    const reached = percent(job);
    row.dataset.tone = tone(job.state);
    row.dataset.known = String(reached !== null);
    row.style.setProperty("--reached", String((reached ?? 0) / 100));
    say(find(row, ".state"), job.state);
    say(find(row, "small"), outcome(follow));
    say(find(row, ".figure"), job.final ? duration((job.ts ?? 0) - (job.began ?? job.ts ?? 0)) : percentage(reached));
  }
}
