/** The rows of a table, updated in place: what somebody has selected, or reads aloud, stays. */
import { make, say } from "../look/dom.js";
import { emptySparkline, sparkline } from "./sparkline.js";

/**
 * @typedef {{text: string, wrong?: boolean}} Cell
 * @typedef {{good: number[], bad?: number[]}} Chart
 * @typedef {{acts: Record<string, string>, of: string}} Buttons what can be done to `of`, and what each is called
 * @typedef {{key: string, cells: (Cell | Chart | Buttons | string)[]}} Row `key` tells it from the others; the first cell is its name
 */

/**
 * Bring the children of an element into an order, and move none that is in place.
 *
 * @param {Element} parent
 * @param {Element[]} wanted
 */
export function arrange(parent, wanted) {
  const staying = new Set(wanted);
  for (const child of [...parent.children]) if (!staying.has(child)) child.remove();
  wanted.forEach((child, index) => {
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  });
}

export class Rows {
  #body;
  #heads;
  /** @type {Map<string, HTMLTableRowElement>} */
  #rows = new Map();
  #nothing;

  /** @param {HTMLTableElement} table whose column headings name the cells where there is no room for columns */
  constructor(table) {
    this.#body = /** @type {HTMLTableSectionElement} */ (table.tBodies[0]);
    this.#heads = [...table.querySelectorAll("thead th")].map((head) => ({ label: head.textContent ?? "", kind: head.className }));
    this.#nothing = make("td", { colspan: this.#heads.length, class: "nothing" });
  }

  /** @param {Row[]} rows @param {string} nothing what is said where there are none */
  show(rows, nothing) {
    const known = this.#rows;
    this.#rows = new Map(rows.map(({ key, cells }) => [key, known.get(key) ?? this.#made(cells)]));
    for (const { key, cells } of rows) cells.forEach((cell, index) => update(this.#rows.get(key)?.children[index], cell));
    say(this.#nothing, nothing);
    const empty = /** @type {HTMLTableRowElement | null} */ (this.#nothing.parentElement) ?? make("tr", {}, this.#nothing);
    arrange(this.#body, rows.length ? [...this.#rows.values()] : [empty]);
  }

  /** @param {Row["cells"]} cells */
  #made(cells) {
    return make(
      "tr",
      {},
      ...cells.map((cell, index) => {
        const { label = "", kind = "" } = this.#heads[index] ?? {};
        if (index === 0) return make("th", { scope: "row" }, make("bdi"));
        return make("td", { class: kind, "data-label": label }, ...(isChart(cell) ? [emptySparkline()] : []));
      }),
    );
  }
}

/** @param {Row["cells"][number]} cell @returns {cell is Chart} */
function isChart(cell) {
  return typeof cell === "object" && "good" in cell;
}

/** The first stays the first, whatever it does now: it may have the focus. @param {Element} place @param {Buttons} buttons */
function arm(place, { acts, of }) {
  const wanted = Object.entries(acts).map(([act, label], index) => {
    const button = place.children[index] ?? make("button", { class: "plain", type: "button" });
    button.setAttribute("data-act", act);
    button.setAttribute("value", of);
    button.setAttribute("aria-label", `${label} ${of}`);
    say(button, label);
    return button;
  });
  arrange(place, wanted);
}

/** @param {Element | undefined} place @param {Row["cells"][number]} cell */
function update(place, cell) {
  if (!place) return;
  if (isChart(cell)) return sparkline(/** @type {SVGSVGElement} */ (place.firstElementChild), cell.good, cell.bad);
  if (typeof cell === "object" && "acts" in cell) return arm(place, cell);
  const { text, wrong = false } = typeof cell === "string" ? { text: cell } : cell;
  say(place.firstElementChild ?? place, text);
  place.classList.toggle("wrong", wrong);
}
