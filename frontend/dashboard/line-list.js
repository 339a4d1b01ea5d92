/** @import { Line } from "./lines.js" */
import { make, say } from "../look/dom.js";
import { fits } from "./lines.js";
import { moment } from "./times.js";

/** Lines on the page; older ones are still in the journal. */
export const MOST_LINES = 1_000;

/** Keys by which one goes from line to line. @type {Record<string, number>} */
const STEPS = { ArrowUp: -1, ArrowDown: 1, Home: -Infinity, End: Infinity };

/** Lines that only grow at their end. Each has a link of its own; one of them at a time is reached by Tab. */
export class LineList {
  #list;
  #address;
  /** @type {Map<string, {line: Line, row: HTMLLIElement}>} */
  #rows = new Map();
  /** @type {string[]} */
  #words = [];
  #chosen = "";

  /** @param {HTMLElement} list @param {(key: string) => string} address of a line */
  constructor(list, address) {
    this.#list = list;
    this.#address = address;
    list.addEventListener("keydown", (press) => this.#pressed(press));
  }

  clear() {
    this.#list.replaceChildren();
    this.#rows.clear();
  }

  get size() {
    return this.#rows.size;
  }

  /** How many lines fit the search. */
  get shown() {
    return [...this.#rows.values()].filter(({ row }) => !row.hidden).length;
  }

  /** @param {string} key */
  line(key) {
    return this.#rows.get(key)?.line;
  }

  /** @param {Line[]} lines the newest; those that are there already stay as they are, but for the last one */
  show(lines) {
    const following = this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < 8;
    const first = lines[0]?.key ?? "";
    for (const [key, { row }] of this.#rows) {
      if (key === first) break;
      row.remove();
      this.#rows.delete(key);
    }
    for (const line of lines) {
      const known = this.#rows.get(line.key);
      if (known?.line.text === line.text) continue;
      const row = known?.row ?? this.#list.appendChild(this.#made(line));
      this.#rows.set(line.key, { line, row });
      say(/** @type {Element} */ (row.lastElementChild), line.text);
      this.#dress(line, row);
    }
    this.#reach();
    if (following) this.#list.scrollTop = this.#list.scrollHeight;
  }

  /** @param {string[]} words that all stand in the lines which are shown */
  search(words) {
    this.#words = words;
    for (const { line, row } of this.#rows.values()) this.#dress(line, row);
    this.#reach();
  }

  /** @returns {Range[]} where the words stand in the lines that are shown */
  found() {
    const rows = this.#words.length ? [...this.#rows.values()].filter(({ row }) => !row.hidden) : [];
    const texts = rows.flatMap(({ row }) => [...row.querySelectorAll(".kind, .told")].map(({ firstChild }) => firstChild));
    return texts.flatMap((text) => this.#words.flatMap((word) => ranges(text, word)));
  }

  /** @param {string} key of the one that is chosen; empty: none */
  choose(key) {
    this.#chosen = key;
    for (const { line, row } of this.#rows.values()) this.#dress(line, row);
    this.#reach();
  }

  /** @param {Line} line @param {HTMLLIElement} row */
  #dress(line, row) {
    const chosen = line.key === this.#chosen;
    row.hidden = !chosen && !fits(`${line.kind} ${line.text}`, this.#words);
    row.toggleAttribute("data-chosen", chosen);
    if (chosen) link(row).setAttribute("aria-current", "true");
    else link(row).removeAttribute("aria-current");
  }

  /** Bring a line into sight. @param {string} key @returns {boolean} whether it is there */
  reveal(key) {
    const row = this.#rows.get(key)?.row;
    row?.scrollIntoView({ block: "center" });
    return Boolean(row);
  }

  /** One line is reached by Tab: the chosen one, else the first that is shown. */
  #reach() {
    const rows = [...this.#rows.values()].map(({ row }) => row);
    const reached = this.#rows.get(this.#chosen)?.row ?? rows.find(({ hidden }) => !hidden);
    for (const row of rows) link(row).tabIndex = row === reached ? 0 : -1;
  }

  /** @param {KeyboardEvent} press */
  #pressed(press) {
    const step = STEPS[press.key];
    const from = /** @type {Element} */ (press.target).closest("li");
    if (step === undefined || !from) return;
    press.preventDefault();
    const rows = [...this.#rows.values()].flatMap(({ row }) => (row.hidden ? [] : [row]));
    const to = Math.min(rows.length - 1, Math.max(0, rows.indexOf(from) + step));
    const row = rows[to];
    if (row) link(row).focus();
  }

  /** @param {Line} line */
  #made({ key, number, ts, kind, tone, type }) {
    const at = ts === undefined ? make("span", { class: "at" }) : make("time", { class: "at", datetime: new Date(ts * 1000).toISOString() }, moment(ts, Date.now() / 1000));
    return make(
      "li",
      { "data-tone": tone, "data-type": type },
      make("a", { class: "seq", href: this.#address(key), "data-line": key, "aria-label": `Line ${number}`, tabindex: -1 }, number),
      at,
      ...(kind ? [make("span", { class: "kind" }, kind)] : []),
      make("bdi", { class: "told" }),
    );
  }
}

/** @param {HTMLLIElement} row */
function link(row) {
  return /** @type {HTMLAnchorElement} */ (row.firstElementChild);
}

/** @param {ChildNode | null} node a text @param {string} word in small letters @returns {Range[]} */
function ranges(node, word) {
  const text = node?.textContent?.toLowerCase() ?? "";
  const found = [];
  for (let at = text.indexOf(word); node && at >= 0; at = text.indexOf(word, at + word.length)) {
    const range = new Range();
    range.setStart(node, at);
    range.setEnd(node, at + word.length);
    found.push(range);
  }
  return found;
}
