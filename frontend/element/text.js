/** @import { Output } from "../client/output.js" */

/** Units of text that stand on a page at the most, and in one of its nodes. */
const MOST = 200_000;
const PIECE = 20_000;
/** Pixels from the end at which somebody still reads there. */
const NEAR = 8;

/**
 * The text that a task writes, as it comes. Only what is new is put in, so a selection stays, and the page holds no more
 * than its newest. It follows its end, unless whoever reads has scrolled away from there.
 */
export class Text {
  #place;
  /** Which text is there, and up to where. */
  #attempt = 0;
  #offset = 0;
  #end = 0;
  #length = 0;

  /** @param {HTMLElement} place */
  constructor(place) {
    this.#place = place;
  }

  /** @param {Output | undefined} output */
  draw(output) {
    const { attempt = 0, text = "", offset = 0 } = output ?? {};
    const end = offset + text.length;
    if (attempt !== this.#attempt || offset !== this.#offset || end < this.#end) this.#clear(attempt, offset);
    this.#place.hidden = !text;
    if (end === this.#end) return;
    const { scrollHeight, scrollTop, clientHeight } = this.#place;
    const follows = scrollHeight - scrollTop - clientHeight < NEAR;
    this.#append(text.slice(Math.max(this.#end - offset, text.length - MOST, 0)));
    this.#end = end;
    if (follows) this.#place.scrollTop = this.#place.scrollHeight;
  }

  /** @param {number} attempt @param {number} offset */
  #clear(attempt, offset) {
    this.#place.replaceChildren();
    [this.#attempt, this.#offset, this.#end, this.#length] = [attempt, offset, offset, 0];
  }

  /** @param {string} text */
  #append(text) {
    const last = /** @type {globalThis.Text | null} */ (this.#place.lastChild);
    if (last && last.length < PIECE) last.appendData(text);
    else this.#place.append(text);
    this.#length += text.length;
    for (let first; this.#length > MOST && (first = /** @type {globalThis.Text} */ (this.#place.firstChild)) !== this.#place.lastChild; ) {
      this.#length -= first.length;
      first.remove();
    }
  }
}
