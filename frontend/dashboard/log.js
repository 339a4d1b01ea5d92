/** @import { TaskEvent } from "../client/main.js" */
/** @import { Job } from "../client/job.js" */
/** @import { Line, Piece } from "./lines.js" */
import { find, say } from "../look/dom.js";
import { counted } from "../look/wording.js";
import { copy } from "./copy.js";
import { LineList, MOST_LINES } from "./line-list.js";
import { eventLine, outputLines, wordsOf } from "./lines.js";

/** Where the words that are searched for stand, in browsers that mark such places (the style's `::highlight`). */
const FOUND = "found";

/** The events of one job, and what it has written: searched, and each line found again by its address. */
export class Log {
  #section;
  /** @type {HTMLInputElement} */
  #search;
  #events;
  #output;
  #address;
  /** @type {Line[]} */
  #heard = [];
  /** @type {Piece[]} */
  #pieces = [];
  #attempt = 0;
  #chosen = "";
  /** How many lines fit, in words. */
  #found = "";
  /** Whether the chosen line is kept in sight: until somebody scrolls, for what stands above it may come later. */
  #sought = false;

  /**
   * @param {HTMLElement} section
   * @param {(line: string) => string} address of a line of the job that is open
   * @param {(line: string) => void} choose the user has chosen a line; empty: none
   */
  constructor(section, address, choose) {
    this.#section = section;
    this.#address = address;
    this.#search = find(section, "input");
    this.#output = new LineList(find(section, "[data-lines=output]"), address);
    this.#events = new LineList(find(section, "[data-lines=events]"), address);
    this.#search.addEventListener("input", () => this.#searched());
    section.addEventListener("click", (click) => {
      const { line, copy: what } = /** @type {HTMLElement} */ (/** @type {Element} */ (click.target).closest("[data-line], [data-copy]"))?.dataset ?? {};
      if (what) void this.#copy(what);
      if (!line || click.ctrlKey || click.metaKey || click.shiftKey) return;
      click.preventDefault();
      const other = line === this.#chosen ? "" : line;
      this.#chosen = other; // it is in sight
      choose(other);
    });
    for (const act of ["wheel", "touchstart", "pointerdown", "keydown"]) {
      section.closest("dialog")?.addEventListener(act, () => void (this.#sought = false), { passive: true });
    }
  }

  /** Begin with another job. */
  clear() {
    [this.#heard, this.#pieces, this.#attempt] = [[], [], 0];
    this.#search.value = "";
    for (const list of [this.#output, this.#events]) {
      list.clear();
      list.search([]);
    }
  }

  /** @param {TaskEvent} event */
  hear(event) {
    if (!event.id) return; // all that was written before, told once more: nobody says when
    if (event.type === "output") this.#pieces.push({ attempt: event.attempt, offset: event.output.offset, ts: event.ts });
    this.#heard.push(eventLine(event));
    this.#heard.splice(0, this.#heard.length - MOST_LINES);
  }

  /** @param {Job} job after the newest event */
  show({ output }) {
    if (output && output.attempt !== this.#attempt) {
      this.#output.clear();
      this.#attempt = output.attempt;
    }
    this.#output.show(output ? outputLines(output, this.#pieces, MOST_LINES) : []);
    this.#events.show(this.#heard);
    find(this.#section, "[data-part=output]").hidden = !this.#output.size;
    this.#tell();
    this.seek();
    this.#mark();
  }

  /** @param {string} line its key; empty: none */
  choose(line) {
    if (line !== this.#chosen) this.#sought = line !== "";
    this.#chosen = line;
    for (const list of [this.#output, this.#events]) list.choose(line);
    this.#tell();
    this.seek();
    this.#mark();
  }

  /** Something above has changed its place: bring the chosen line into sight. */
  seek() {
    if (this.#sought && !this.#output.reveal(this.#chosen)) this.#events.reveal(this.#chosen);
  }

  #tell() {
    const line = this.#line;
    find(this.#section, ".chosen").hidden = !this.#chosen;
    say(find(this.#section, ".chosen span"), line ? `Line ${line.number}` : "This line is not among those that are loaded");
    for (const button of this.#section.querySelectorAll("[data-copy]")) /** @type {HTMLElement} */ (button).hidden = !line;
  }

  get #line() {
    return this.#output.line(this.#chosen) ?? this.#events.line(this.#chosen);
  }

  #searched() {
    const words = wordsOf(this.#search.value);
    for (const list of [this.#output, this.#events]) list.search(words);
    this.#mark();
  }

  /** Say how many lines fit, and mark where the words stand in them. */
  #mark() {
    // It is read aloud: what only comes, and is not searched for, says nothing.
    const found = this.#search.value.trim() ? counted(this.#output.shown + this.#events.shown, "line") : "";
    if (found !== this.#found) say(find(this.#section, ".note"), found);
    this.#found = found;
    globalThis.CSS?.highlights?.set(FOUND, new Highlight(...this.#output.found(), ...this.#events.found()));
  }

  /** @param {string} what */
  async #copy(what) {
    const { ts, kind, text } = this.#line ?? { ts: undefined, kind: "", text: "" };
    const at = ts === undefined ? "" : new Date(ts * 1000).toISOString();
    const line = [at, kind, text].filter(Boolean).join(" ");
    const copied = await copy(what === "line" ? line : new URL(this.#address(this.#chosen), location.href).href, this.#section);
    say(find(this.#section, ".note"), copied ? `The ${what} is copied.` : "This browser does not let the page copy. Select the text and copy it by hand.");
  }
}
