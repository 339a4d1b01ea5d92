import { sheet } from "../sheet.js";
import { Parts } from "./parts.js";
import { Rows } from "./rows.js";
import { STYLE } from "./style.js";
import { tree } from "./tree.js";

/**
 * @typedef {object} Picture what `<task-feed>` shows
 * @property {string} title
 * @property {string} summary how all tasks stand; "" while nobody knows
 * @property {number | null} whole percent of a feed that is one whole; null for any other
 * @property {readonly import("./rows.js").Shown[]} rows
 * @property {readonly import("./parts.js").Part[]} parts instead of rows, of a whole that has several
 * @property {string} none instead of rows, where there are none
 * @property {string} note
 * @property {string} tone `gone` where there is no list to be had
 */

/** The element as it is seen. It is told what to show, and decides nothing. */
export class FeedView {
  #root;
  #rows;
  #parts;

  /** @param {ShadowRoot} root */
  constructor(root) {
    this.#root = root;
    root.append(tree());
    this.#rows = new Rows(this.#part("list"));
    this.#parts = new Parts(this.#part("list"));
  }

  /** Take the style of the document where the element is now: a sheet belongs to one. */
  dress() {
    this.#root.adoptedStyleSheets = [sheet(this.#root.ownerDocument, STYLE)];
  }

  /** @param {string} text for screen readers, with what the list is called before it */
  say(text) {
    const title = /** @type {HTMLSlotElement} */ (this.#part("title").firstChild);
    const called = title.assignedNodes({ flatten: true }).map((node) => node.textContent);
    this.#write("status", `${called.join("").trim()}: ${text}`);
  }

  /** @param {Picture} picture */
  draw({ title, summary, whole, rows, parts, none, note, tone }) {
    this.#part("card").className = tone;
    this.#part("card").setAttribute("part", `card ${tone}`.trim());
    this.#write("title", title);
    this.#write("summary", summary);
    this.#write("empty", none);
    this.#write("note", note);
    this.#part("note").hidden = !note;
    const empty = !rows.length && !parts.length;
    this.#part("empty").hidden = !empty;
    this.#part("list").hidden = empty;

    const track = this.#part("track");
    track.hidden = whole === null;
    track.ariaValueNow = `${whole}`;
    track.ariaValueText = `${whole}% ${summary}`;
    this.#part("bar").style.inlineSize = `${whole}%`;
    this.#parts.draw(parts);
    this.#rows.draw(rows);
  }

  /** @param {string} name @param {string} text */
  #write(name, text) {
    const part = this.#part(name);
    const place = part.querySelector("slot") ?? part;
    if (place.textContent !== text) place.textContent = text;
  }

  /** @param {string} name */
  #part(name) {
    return /** @type {HTMLElement} */ (this.#root.getElementById(name));
  }
}
