import { make } from "./tree.js";
import { span, words } from "./wording.js";

/** @import { Step } from "../client/contract.js" */

/** What a state looks like; its word is for those who hear it. @type {Readonly<Record<Step["state"], string>>} */
const MARKS = { running: "●", done: "✓", failed: "✕", stopped: "–" };

/**
 * What is said of a step beside its name: how far it is, or how long it took.
 *
 * @param {Step} step
 * @returns {string}
 */
export function standing({ percent, state, began, ended }) {
  if (state === "running") return percent === undefined ? "" : `${Math.floor(percent)}%`;
  return ended !== undefined && ended - began >= 0.1 ? span(ended - began) : "";
}

/**
 * Draw the steps, each in the node that it has had.
 *
 * @param {HTMLElement} list
 * @param {readonly Step[]} steps
 */
export function drawSteps(list, steps) {
  list.hidden = !steps.length;
  list.ariaLabel = words.steps;
  while (list.childElementCount > steps.length) list.lastElementChild?.remove();
  while (list.childElementCount < steps.length) list.append(node());
  steps.forEach((step, index) => write(/** @type {HTMLElement} */ (list.children[index]), step));
}

function node() {
  const piece = (/** @type {string} */ part, attributes = {}) => make("span", { part, ...attributes });
  return make("li", { part: "step" }, piece("mark", { "aria-hidden": true }), make("span", { class: "hidden" }), piece("step-name", { dir: "auto" }), piece("standing"));
}

/** @param {HTMLElement} item @param {Step} step */
function write(item, step) {
  const { name, state, depth = 0 } = step;
  item.setAttribute("part", `step ${state}`);
  item.style.paddingInlineStart = `${depth}em`;
  item.ariaCurrent = state === "running" ? "step" : null;
  const texts = [MARKS[state], `${words.step[state]}: `, name, standing(step)];
  texts.forEach((text, index) => {
    const piece = /** @type {HTMLElement} */ (item.children[index]);
    if (piece.textContent !== text) piece.textContent = text;
  });
}
