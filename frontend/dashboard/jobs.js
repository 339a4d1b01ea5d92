/** @import { Board, BoardJob, TaskRow } from "./board.js" */
import { tone } from "../client/job.js";
import { find, make, say } from "../look/dom.js";
import { duration, percentage } from "../look/wording.js";
import { isRunning } from "./board.js";
import { arrange } from "./rows.js";

/** Rows on the page; the filters reach the others. */
const MOST_ROWS = 50;

/** @type {Record<string, (job: BoardJob, slow: boolean) => boolean>} */
const KINDS = {
  all: () => true,
  waiting: ({ state }) => state === "PENDING" || state === "RETRY",
  running: (job) => isRunning(job),
  slow: (_, slow) => slow,
  succeeded: ({ state }) => state === "SUCCESS",
  failed: ({ state }) => state === "FAILURE" || state === "REJECTED",
  lost: ({ state }) => state === "STALLED" || state === "LOST",
};

/** The table of jobs, as the filters let it. Rows stay where they can: somebody may be about to press one. */
export class JobTable {
  #body;
  #note;
  /** @type {Map<string, HTMLTableRowElement>} */
  #rows = new Map();
  #open;

  /** @param {HTMLElement} section @param {(job: BoardJob) => void} open */
  constructor(section, open) {
    this.#body = find(section, "tbody");
    this.#note = find(section, ".note");
    this.#open = open;
  }

  /** @param {Board} board @param {TaskRow[]} tasks @param {{kind: string, name: string}} filter */
  draw(board, tasks, { kind, name }) {
    const wanted = KINDS[kind] ?? KINDS.all;
    const found = board
      .list()
      .filter((job) => job.name.includes(name) && wanted?.(job, board.slow(job, tasks)));
    const shown = found.slice(0, MOST_ROWS).map((job) => this.#row(job, board, board.slow(job, tasks)));
    for (const [id, row] of this.#rows) {
      if (!shown.includes(row)) this.#rows.delete(id);
    }
    arrange(this.#body, shown);
    const count = found.length > MOST_ROWS ? `${MOST_ROWS} of ${found.length}` : String(found.length);
    const omitted = board.omitted ? `, and ${board.omitted.toLocaleString("en")} ended too fast to be listed` : "";
    say(this.#note, `${count} shown${omitted}`);
  }

  /** @param {BoardJob} job @param {Board} board @param {boolean} slow */
  #row(job, board, slow) {
    const row = this.#rows.get(job.id) ?? this.#made(job);
    row.dataset.tone = tone(job.state);
    const took = board.took(job);
    const [state, , , age, message] = /** @type {any} */ (row.children);
    say(state.firstElementChild, job.state);
    say(age, took === null ? "–" : duration(took));
    age.classList.toggle("wrong", slow);
    const told = job.message ?? "";
    say(message, job.final || job.percent === null ? told : `${percentage(job.percent)} ${told}`);
    return row;
  }

  /** @param {BoardJob} job */
  #made(job) {
    const button = make("button", { class: "quiet", type: "button", "aria-label": `Log of ${job.name} ${job.id}` }, "Log");
    button.addEventListener("click", () => this.#open(job));
    const row = make(
      "tr",
      {},
      make("td", {}, make("span", { class: "state" })),
      make("th", { scope: "row" }, job.name),
      make("td", { class: "id" }, make("code", { title: job.id }, job.id.slice(0, 8))),
      make("td", { class: "number" }),
      make("td", { class: "message" }),
      make("td", {}, button),
    );
    this.#rows.set(job.id, row);
    return row;
  }
}
