/** @import { Asked } from "./address.js" */
/** @import { Board } from "./board.js" */
/** @import { ListedPage } from "./requests.js" */
import { find, make, say } from "../look/dom.js";
import { counted } from "../look/wording.js";
import { asked, EXACTLY, query, search } from "./address.js";
import { JobTable } from "./jobs.js";
import { list } from "./requests.js";

/** Milliseconds from a key to the search that it changes, and the shortest time between two looks at the list. */
const TYPING = 250;
const OFTEN = 1_000;
/** A look waits for so many times what the last one took: whoever looks costs the gateway no more than a tenth. */
const REST = 10;

/** The list of jobs, as the page's address asks for it: the form writes the address, and the address fills the form. */
export class Finder {
  #section;
  #form;
  #table;
  #board;
  /** @type {ListedPage | undefined} */
  #page;
  #asked = asked(location.search);
  #looking = 0;
  #next = 0;
  /** @type {ReturnType<typeof setTimeout> | 0} */
  #typing = 0;
  /** @type {ReturnType<typeof setTimeout> | 0} */
  #timer = 0;
  #went;

  /** @param {HTMLElement} section @param {Board} board @param {(asked: Asked) => void} went told when the address changes */
  constructor(section, board, went) {
    this.#section = section;
    this.#board = board;
    this.#went = went;
    this.#form = /** @type {HTMLFormElement} */ (find(section, "form"));
    this.#table = new JobTable(section, (id) => search({ ...this.#asked, task: id, line: "" }) || "?");
    this.#form.addEventListener("submit", (submit) => submit.preventDefault());
    this.#form.addEventListener("input", ({ target }) => {
      clearTimeout(this.#typing);
      const text = /** @type {HTMLInputElement} */ (target).type === "search";
      this.#typing = setTimeout(() => this.#typed(), text ? TYPING : 0);
    });
    section.addEventListener("click", (click) => this.#clicked(click));
    addEventListener("popstate", () => this.#arrived());
    this.#form.inert = false;
    this.#arrived();
  }

  get asked() {
    return this.#asked;
  }

  /** @param {Partial<Asked>} change of the address, which the user can go back from */
  go(change) {
    const leaves = change.task !== undefined && { line: "" }; // it is one of another job
    history.pushState(null, "", search({ ...this.#asked, ...leaves, ...change }) || location.pathname);
    this.#arrived();
  }

  /** Something has happened: look again, soon. */
  later() {
    if (!document.hidden) this.#timer ||= setTimeout(() => this.look(), Math.max(0, this.#next - performance.now()));
  }

  /** Read the list. */
  async look() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const [mine, began] = [++this.#looking, performance.now()];
    this.#next = began + OFTEN;
    const { task: _, line: __, ...wanted } = this.#asked;
    try {
      const page = await list(query({ ...wanted, task: "", line: "" }, this.#now));
      if (mine !== this.#looking) return;
      this.#page = page;
      this.draw();
    } catch (error) {
      if (mine === this.#looking) this.#refused(/** @type {Error & {code?: string}} */ (error));
    } finally {
      this.#next = Math.max(this.#next, performance.now() + REST * (performance.now() - began));
    }
  }

  /** Draw what was read; times go on. */
  draw() {
    if (!this.#page) return;
    const { tasks, counts, next, history } = this.#page;
    this.#table.draw(tasks, this.#board, this.#now);
    const { task: _, line: __, range: ___, before, state, ...others } = this.#asked;
    const alone = !this.#asked.range && !Object.values(others).some(Boolean);
    const all = state ? counts[state] : Object.values(counts).reduce((sum, count) => sum + count, 0);
    const shown = counted(tasks.length, "job");
    const text = alone && (next || before) ? `${shown} of ${(all ?? 0).toLocaleString("en")}` : `${shown}${next ? ", and there may be more" : ""}`;
    say(find(this.#section, ".note"), history === "away" ? `${text}. The history does not answer: older jobs may be missing` : text);
    const nothing = find(this.#section, ".none");
    nothing.hidden = tasks.length > 0;
    say(nothing, search({ ...this.#asked, task: "", line: "" }) ? "No job fits. Change the search, or clear it." : "No jobs yet.");
    find(this.#section, "[data-page=older]").hidden = !next;
    find(this.#section, "[data-page=newest]").hidden = !before;
  }

  get #now() {
    return this.#board.now || Date.now() / 1000;
  }

  #arrived() {
    this.#asked = asked(location.search);
    for (const field of /** @type {Iterable<HTMLInputElement>} */ (this.#form.elements)) {
      const value = this.#asked[/** @type {keyof Asked} */ (field.name)];
      if (field.name && field.value !== value) field.value = value ?? "";
    }
    find(this.#form, ".custom").hidden = this.#asked.range !== "custom";
    const chips = Object.entries(EXACTLY).flatMap(([member, label]) => {
      const value = this.#asked[/** @type {keyof Asked} */ (member)];
      return value ? [make("button", { class: "chip", type: "button", "data-clear": member }, `${label}: `, make("bdi", {}, value), make("span", { "aria-hidden": "true" }, " ×"), make("span", { class: "unseen" }, ", remove"))] : [];
    });
    find(this.#section, ".chips").replaceChildren(...chips);
    this.#went(this.#asked);
    void this.look();
  }

  #typed() {
    const fields = /** @type {Partial<Asked>} */ (Object.fromEntries(new FormData(this.#form)));
    if (fields.range !== "custom") fields.start = fields.end = "";
    // Each letter is no step to go back to.
    history.replaceState(null, "", search({ ...this.#asked, ...fields, before: "" }) || location.pathname);
    this.#arrived();
  }

  /** @param {MouseEvent} click */
  #clicked(click) {
    const target = /** @type {Element} */ (click.target).closest("[data-task], [data-clear], [data-page]");
    if (!(target instanceof HTMLElement) || click.ctrlKey || click.metaKey || click.shiftKey) return;
    const { task, clear, page } = target.dataset;
    click.preventDefault();
    if (task) this.go({ task });
    else if (clear) this.go({ [clear]: "", before: "" });
    else this.go({ before: page === "older" ? (this.#page?.next ?? "") : "" });
  }

  /** @param {Error & {code?: string}} error */
  #refused({ code, message }) {
    const signIn = code === "unauthenticated" || code === "token_expired" || code === "token_revoked";
    const text = signIn ? "Sign in to see the jobs." : code === "forbidden" ? "You may not see the jobs of others." : `The list cannot be read: ${message}`;
    say(find(this.#section, ".note"), text);
  }
}
