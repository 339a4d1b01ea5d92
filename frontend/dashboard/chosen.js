import { find, say } from "../look/dom.js";
import { counted } from "../look/wording.js";

/** @import { Kind } from "./actions.js" */

/** The gateway takes no more at once. */
const MOST = 100;

/** Which jobs of the table are chosen, and what can be done to all of them. */
export class Chosen {
  #section;
  #bar;

  /** @param {HTMLElement} section with the table @param {(kind: Kind, ids: string[]) => void} act */
  constructor(section, act) {
    this.#section = section;
    this.#bar = find(section, ".chosen");
    section.addEventListener("change", ({ target }) => {
      if (!(target instanceof HTMLInputElement) || target.type !== "checkbox") return;
      if (target.matches("thead *")) for (const box of this.#boxes()) box.checked = target.checked;
      this.draw();
    });
    this.#bar.addEventListener("click", ({ target }) => {
      const kind = target instanceof HTMLElement ? target.dataset.act : undefined;
      if (kind === "none") for (const box of this.#boxes()) box.checked = false;
      else if (kind) act(/** @type {Kind} */ (kind), this.#ids().slice(0, MOST));
      this.draw();
    });
  }

  draw() {
    const [boxes, ids] = [this.#boxes(), this.#ids()];
    this.#bar.hidden = !ids.length;
    say(find(this.#bar, "span"), `${counted(ids.length, "job")} chosen`);
    const all = /** @type {HTMLInputElement} */ (find(this.#section, "thead input"));
    all.checked = boxes.length > 0 && ids.length === boxes.length;
    all.indeterminate = ids.length > 0 && !all.checked;
  }

  #boxes() {
    return [.../** @type {NodeListOf<HTMLInputElement>} */ (this.#section.querySelectorAll("tbody input"))];
  }

  #ids() {
    return this.#boxes().filter(({ checked }) => checked).map(({ value }) => value);
  }
}
