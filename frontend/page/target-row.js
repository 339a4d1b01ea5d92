import { make } from "../look/dom.js";
import { isFailing, lastDelivery, lastError, reason } from "./standing.js";

/**
 * @typedef {object} Button
 * @property {string} label
 * @property {() => Promise<string | void>} press returns what is to be said of it
 *
 * @typedef {object} Shown
 * @property {"device" | "webhook"} kind
 * @property {string} name
 * @property {string} [mark] beside the name
 * @property {string} facts
 * @property {import("./standing.js").Health} health
 * @property {Button[]} buttons
 */

/**
 * One device or one webhook: what it is, how sending to it goes, and what can be done about it.
 *
 * @param {Shown} shown
 * @param {(press: Button["press"]) => void} pressed
 * @returns {HTMLLIElement}
 */
export function targetRow({ kind, name, mark, facts, health, buttons }, pressed) {
  // What others wrote stands in a node of its own: a right-to-left name turns nothing around.
  const title = make("p", { class: "name" }, make("bdi", {}, name));
  if (mark) title.append(" ", make("span", { class: "mark" }, mark));
  const row = make("li", { class: "target" }, title, line(facts), line(lastDelivery(health)));
  const error = lastError(health, kind);
  if (error) row.append(line(error, isFailing(health) && "problem"));
  if (health.disabled) row.append(line(`Nothing is sent any more: ${reason(health.disabled, kind)}.`, "problem"));
  const place = make("p", { class: "buttons" });
  for (const { label, press } of buttons) {
    const button = make("button", { class: "plain", type: "button", "aria-label": `${label} ${name}` }, label);
    button.addEventListener("click", () => pressed(press));
    place.append(button);
  }
  row.append(place);
  return row;
}

/** @param {string} text @param {string | false} [kind] */
function line(text, kind) {
  return make("p", { class: "note", dir: "auto", ...(kind && { "data-kind": kind }) }, text);
}
