import { Kept } from "./kept.js";
import { Rows, say } from "./rows.js";
import { part } from "./tree.js";

/** @typedef {{key: string, rows: import("./rows.js").Shown[], summary: string, reached: number}} Part */

/**
 * The parts of a canvas: tasks of one name under a heading, where there are several.
 *
 * @extends {Kept<Part>}
 */
export class Parts extends Kept {
  /** @param {HTMLElement} list */
  constructor(list) {
    super(list, () => {
      const nodes = part();
      const rows = new Rows(nodes.members);
      return { node: nodes.part, draw: (/** @type {Part} */ shown) => write(nodes, rows, shown) };
    });
  }
}

/** @param {ReturnType<typeof part>} nodes @param {Rows} rows @param {Part} shown */
function write({ heading, name, standing, track, bar, members }, rows, shown) {
  const { key, summary, reached } = shown;
  heading.hidden = track.hidden = !summary;
  say(name, key);
  say(standing, summary);
  members.ariaLabel = key;
  track.ariaLabel = key;
  track.ariaValueNow = `${reached}`;
  track.ariaValueText = summary;
  bar.style.inlineSize = `${reached}%`;
  rows.draw(shown.rows);
}
