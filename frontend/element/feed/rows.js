import { words } from "../wording.js";
import { Kept } from "./kept.js";
import { row } from "./tree.js";
import { feedWords } from "./wording.js";

/**
 * @typedef {import("../portrait.js").Portrait & import("./portrait.js").Row & {key: string, page: string, current: boolean, href: string, opened: (click: MouseEvent) => void}} Shown
 *   `page`: where its title leads, `href`: its result; "" for nowhere; `opened`: what its link does, with the middle button, too
 */

/**
 * The tasks of a list.
 *
 * @extends {Kept<Shown>}
 */
export class Rows extends Kept {
  /** @param {HTMLElement} list */
  constructor(list) {
    super(list, () => {
      const nodes = row();
      return { node: nodes.row, draw: (/** @type {Shown} */ shown) => write(nodes, shown) };
    });
  }
}

/** @param {ReturnType<typeof row>} nodes @param {Shown} shown */
function write(nodes, { title, state, message, figure, note, tone, reached, began, open, page, current, href, opened }) {
  nodes.row.className = tone;
  nodes.row.setAttribute("part", `row ${tone}${current ? " current" : ""}`);
  say(nodes.name, title);
  link(nodes.name, page);
  nodes.name.ariaCurrent = current ? "true" : null;
  say(nodes.state, state);
  say(nodes.message, message);
  say(nodes.figure, open ? figure : "");
  nodes.body.hidden = !message && !(open && figure);

  const { track } = nodes;
  track.hidden = !open;
  track.ariaLabel = title;
  track.ariaValueNow = reached === null ? null : `${Math.floor(reached)}`;
  track.ariaValueText = `${figure} ${message || state}`.trim();
  nodes.bar.style.inlineSize = reached === null ? "" : `${reached}%`;

  say(nodes.at, feedWords.at(began));
  nodes.at.setAttribute("datetime", began.toISOString());
  say(nodes.note, note);
  say(nodes.link, href && words.link);
  link(nodes.link, href);
  nodes.link.hidden = !href;
  nodes.link.onclick = nodes.link.onauxclick = opened;
  // Twenty links that are called the same are none that one can tell apart.
  nodes.link.ariaLabel = href && `${words.link}: ${title}`;
}

/** @param {HTMLElement} node @param {string} text */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** @param {HTMLElement} anchor @param {string} href "" for none: then it is text */
function link(anchor, href) {
  if (href) anchor.setAttribute("href", href);
  else anchor.removeAttribute("href");
}
