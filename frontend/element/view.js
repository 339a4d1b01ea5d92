import { sheet } from "./sheet.js";
import { drawSteps } from "./steps.js";
import { STYLE } from "./style.js";
import { Text } from "./text.js";
import { make, tree } from "./tree.js";
import { words } from "./wording.js";

/** Parts with words in them. */
const WORDED = ["title", "state", "message", "figure", "note", "link", "cancel", "summary"];

/**
 * @typedef {object} Beside what the element shows beside the portrait
 * @property {string} title
 * @property {string} href of the result; "" for none
 * @property {boolean} cancellable
 * @property {readonly import("../client/contract.js").Step[]} steps
 * @property {import("../client/output.js").Output} [output] the text that the task writes
 * @property {[term: string, fact: unknown][] | null} facts null: there are no details
 */

/** The element as it is seen. It is told what to show, and decides nothing. */
export class View {
  #root;
  #text;

  /**
   * @param {ShadowRoot} root
   * @param {() => void} cancel what the button does
   * @param {(click: MouseEvent) => void} open what the link does, with the middle button, too
   */
  constructor(root, cancel, open) {
    this.#root = root;
    root.append(tree());
    this.#part("cancel").onclick = cancel;
    this.#part("link").onclick = this.#part("link").onauxclick = open;
    this.#text = new Text(this.#part("output"));
  }

  /** Take the style of the document where the element is now: a sheet belongs to one. */
  dress() {
    this.#root.adoptedStyleSheets = [sheet(this.#root.ownerDocument, STYLE)];
  }

  /** @param {string} text for screen readers, with what the task is called before it */
  say(text) {
    const title = /** @type {HTMLSlotElement} */ (this.#part("title").firstChild);
    const called = title.assignedNodes({ flatten: true }).map((node) => node.textContent);
    this.#write("status", `${called.join("").trim()}: ${text}`);
  }

  /** @param {import("./portrait.js").Portrait & Beside} picture */
  draw(picture) {
    /** @type {Record<string, any>} */
    const texts = { ...words, ...picture };
    for (const name of WORDED) this.#write(name, texts[name]);
    const { tone, reached, figure, message, href, cancellable, steps, output, facts } = picture;
    this.#part("card").className = tone;
    // A second name of the part, so that a page's CSS can tell a failed bar from another.
    for (const name of ["card", "state", "bar"]) this.#part(name).setAttribute("part", `${name} ${tone}`);
    /** @type {HTMLSlotElement} */ (this.#part("message").firstChild).name = tone;

    const track = this.#part("track");
    track.ariaValueNow = reached === null ? null : `${Math.floor(reached)}`;
    track.ariaValueText = `${figure} ${message}`.trim();
    this.#part("bar").style.inlineSize = reached === null ? "" : `${reached}%`;

    drawSteps(this.#part("steps"), steps);
    this.#part("output").ariaLabel = words.output;
    this.#text.draw(output);
    this.#part("omitted").hidden = !output?.omitted;
    this.#write("omitted", output?.omitted ? words.omitted(output.omitted) : "");

    const link = /** @type {HTMLAnchorElement} */ (this.#part("link"));
    link.hidden = !(link.href = href);
    // Focus must not fall to the top of the page with the button that had it.
    const lost = this.#root.activeElement?.id === "cancel" && !cancellable;
    this.#part("cancel").hidden = !cancellable;
    if (lost) this.#part(href ? "link" : "message").focus();

    this.#part("details").hidden = !facts;
    const rows = facts?.flatMap(([term, fact]) => [make("dt", {}, term), make("dd", {}, `${fact}`)]) ?? [];
    this.#part("facts").replaceChildren(...rows);
  }

  /**
   * Nothing is touched that stays as it is: a selection and a live region notice.
   *
   * @param {string} name
   * @param {string} text
   */
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
