/** @import { Board } from "./board.js" */
/** @import { ListedJob } from "./requests.js" */
import { tone } from "../client/job.js";
import { find, make, say } from "../look/dom.js";
import { percentage } from "../look/wording.js";
import { arrange } from "./rows.js";
import { clock, ran, span, waited } from "./times.js";

/**
 * The table of jobs. Rows stay where they can: somebody may be about to press one. A row that is no longer shown becomes
 * that of another job: with 20 jobs a second, rows made anew are 100 MB of garbage before a browser collects it.
 */
export class JobTable {
  #body;
  #heads;
  /** @type {Map<string, HTMLTableRowElement>} */
  #rows = new Map();
  #address;

  /** @param {HTMLElement} section @param {(id: string) => string} address of a job on this page */
  constructor(section, address) {
    this.#body = find(section, "tbody");
    this.#heads = [...section.querySelectorAll("thead th")].map((head) => head.textContent?.trim() ?? "");
    this.#address = address;
  }

  /** @param {ListedJob[]} jobs @param {Board} board @param {number} now Unix seconds */
  draw(jobs, board, now) {
    const known = this.#rows;
    const shown = new Set(jobs.map(life));
    const free = [...known].filter(([key]) => !shown.has(key)).map(([, row]) => row);
    this.#rows = new Map(jobs.map((job) => [life(job), known.get(life(job)) ?? this.#begun(free.pop() ?? this.#made(), job)]));
    for (const job of jobs) this.#update(/** @type {HTMLTableRowElement} */ (this.#rows.get(life(job))), job, board, now);
    arrange(this.#body, [...this.#rows.values()]);
  }

  /** @param {HTMLTableRowElement} row @param {ListedJob} job @param {Board} board @param {number} now */
  #update(row, job, board, now) {
    row.dataset.tone = tone(job.state);
    const [state, , owner, sent, wait, run, message] = /** @type {any} */ (row.children);
    const link = find(row, "a");
    link.setAttribute("href", this.#address(job.id));
    say(find(row, ".title bdi"), job.title ?? "");
    say(find(state, ".state"), job.state);
    say(owner.firstElementChild, [job.owner, ...(job.tags ?? []).map((tag) => `#${tag}`)].filter(Boolean).join(" "));
    say(sent.firstElementChild, clock(job.sent, now));
    sent.firstElementChild.dateTime = new Date(job.sent * 1000).toISOString();
    say(wait, span(waited(job, now)));
    const took = ran(job, now);
    say(run, span(took));
    run.classList.toggle("wrong", job.ended === undefined && took !== null && board.slow(job.name, took));
    say(message.children[0], job.ended === undefined && job.percent !== undefined ? `${percentage(job.percent)} ` : "");
    // A failure that has no words of its own for users is told as the operators know it.
    say(message.children[1], (job.code === "task_failed" && job.exception) || (job.message ?? ""));
  }

  /** What stays the same as long as it is the row of this job. @param {HTMLTableRowElement} row @param {ListedJob} job */
  #begun(row, job) {
    const choice = /** @type {HTMLInputElement} */ (find(row, "input"));
    choice.value = job.id;
    choice.checked = false;
    choice.setAttribute("aria-label", `Choose ${job.name} ${job.id.slice(0, 8)}`);
    const link = find(row, "a");
    link.dataset.task = job.id;
    say(find(link, "bdi"), job.name);
    const code = find(row, "code");
    code.title = job.id;
    say(code, job.id.slice(0, 8));
    return row;
  }

  #made() {
    /** @param {number} index @param {string} kind @param {...Node} children */
    const cell = (index, kind, ...children) => make("td", { class: kind, "data-label": this.#heads[index] ?? "" }, ...children);
    return make(
      "tr",
      {},
      cell(
        0,
        "choice",
        make("input", { type: "checkbox" }),
        make("span", { class: "state" }),
      ),
      make(
        "th",
        { scope: "row" },
        make("a", {}, make("bdi")),
        " ",
        make("code"),
        make("span", { class: "title" }, make("bdi")),
      ),
      cell(2, "owner", make("bdi")),
      cell(3, "number", make("time")),
      cell(4, "number"),
      cell(5, "number"),
      cell(6, "message", make("span"), make("bdi")),
    );
  }
}

/** What names one row: an id may have several lives. @param {ListedJob} job */
function life({ id, epoch }) {
  return `${epoch ?? ""} ${id}`;
}
