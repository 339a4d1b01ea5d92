/** @import { ListedJob, TaskCanvas } from "./requests.js" */
import { tone } from "../client/job.js";
import { find, make, say } from "../look/dom.js";
import { counted } from "../look/wording.js";
import { Newest } from "./newest.js";
import { canvas } from "./requests.js";
import { arrange } from "./rows.js";
import { timeline } from "./timeline.js";
import { clock, ran, span, waited } from "./times.js";

/** Milliseconds between two looks while one of the jobs goes on. */
const AGAIN = 2_000;

/** The jobs that one belongs to, over time: those of its group, its chord, its chain, and what they have sent. */
export class Canvas {
  #section;
  #heads;
  #address;
  #drawn;
  #goesOn;
  /** @type {Map<string, HTMLTableRowElement>} */
  #rows = new Map();
  #task = "";
  #asking = new Newest(async () => {});

  /**
   * @param {HTMLElement} section
   * @param {(id: string) => string} address of a job on this page
   * @param {() => void} drawn it is there, or longer
   * @param {() => boolean} goesOn whether the job that is shown goes on: it may send others yet
   */
  constructor(section, address, drawn, goesOn) {
    this.#section = section;
    this.#goesOn = goesOn;
    this.#drawn = drawn;
    this.#heads = [...section.querySelectorAll("thead th")].map((head) => head.textContent?.trim() ?? "");
    this.#address = address;
  }

  /** @param {string} task its id; empty: none */
  show(task) {
    this.#asking.stop();
    this.#task = task;
    this.#section.hidden = true;
    this.#rows.clear();
    this.#asking = new Newest(() => this.#ask(task));
    if (task) this.#asking.soon();
  }

  /** Something has happened to the job that is shown. */
  news() {
    this.#asking.soon();
  }

  /** @param {string} task */
  async #ask(task) {
    // What cannot be read is not there: the rest of the drawer says why.
    const found = await canvas(task).catch(() => null);
    if (!found || task !== this.#task) return;
    if (found.tasks.length > 1) this.#draw(found);
    if (this.#goesOn() || found.tasks.some(({ ended }) => ended === undefined)) this.#asking.soon(AGAIN);
  }

  /** @param {TaskCanvas} found */
  #draw({ tasks, total }) {
    const now = Date.now() / 1000;
    const { from, to, bars } = timeline(tasks, now);
    const shown = tasks.length < total ? `the newest ${tasks.length} of ${counted(total, "job")}` : counted(total, "job");
    say(find(this.#section, "small"), `${shown}, ${clock(from, now)} to ${clock(to, now)}`);
    const known = this.#rows;
    this.#rows = new Map(tasks.map((job) => [job.id, known.get(job.id) ?? this.#made(job)]));
    for (const job of tasks) {
      const row = /** @type {HTMLTableRowElement} */ (this.#rows.get(job.id));
      const [, state, bar, wait, run] = /** @type {any} */ (row.children);
      row.dataset.tone = tone(job.state);
      say(state.firstElementChild, job.state);
      say(wait, span(waited(job, now)));
      say(run, span(ran(job, now)));
      fill(bar.firstElementChild, bars.get(job.id) ?? []);
    }
    arrange(find(this.#section, "tbody"), [...this.#rows.values()]);
    this.#section.hidden = false;
    this.#drawn();
  }

  /** @param {ListedJob} job */
  #made({ id, name, title }) {
    /** @param {number} index @param {string} kind @param {...Node} children */
    const cell = (index, kind, ...children) => make("td", { class: kind, "data-label": this.#heads[index] ?? "" }, ...children);
    const link = make("a", { href: this.#address(id), "data-task": id }, make("bdi", {}, title ?? name));
    if (id === this.#task) link.setAttribute("aria-current", "true");
    return make(
      "tr",
      {},
      make("th", { scope: "row" }, link, " ", make("code", { title: id }, id.slice(0, 8))),
      cell(1, "", make("span", { class: "state" })),
      // What it draws stands in the cells behind it.
      cell(2, "time", make("div", { class: "bar", "aria-hidden": "true" })),
      cell(3, "number"),
      cell(4, "number"),
    );
  }
}

/** @param {HTMLElement} bar @param {import("./timeline.js").Part[]} parts */
function fill(bar, parts) {
  const drawn = parts.map(({ kind, start, size }, index) => {
    const part = /** @type {HTMLElement} */ (bar.children[index] ?? make("span"));
    part.className = kind;
    part.style.insetInlineStart = `${start}%`;
    part.style.inlineSize = `${size}%`;
    return part;
  });
  arrange(bar, drawn);
}
