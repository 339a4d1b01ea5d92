/** @import { Board, TaskRow } from "./board.js" */
import { make } from "../look/dom.js";
import { duration } from "../look/wording.js";
import { sparkline } from "./sparkline.js";

/** @param {TaskRow[]} rows @returns {HTMLTableRowElement[]} */
export function taskRows(rows) {
  return rows.map((row) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, row.name),
      make("td", { class: "chart" }, sparkline(row.succeeded, row.failed)),
      number(String(row.perMinute)),
      number(row.failures ? `${(row.failures * 100).toFixed(1)}%` : "0", row.failures > 0),
      number(row.mean === null ? "–" : duration(row.mean)),
      number(String(row.retried)),
      number(String(row.running)),
    ),
  );
}

/** @param {Board} board @returns {HTMLTableRowElement[]} */
export function queueRows(board) {
  return board.queues.map(({ name, depth, slots }) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, name),
      make("td", { class: "chart" }, sparkline(board.levels(`queue ${name}`))),
      number(String(depth), depth > 0 && slots === 0),
      number(slots ? String(slots) : "none", slots === 0),
    ),
  );
}

/** @param {Board} board @returns {HTMLTableRowElement[]} */
export function workerRows(board) {
  return board.workers.map(({ name, alive, running }) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, name),
      number(String(running)),
      number(alive ? "alive" : "silent", !alive),
    ),
  );
}

/** @param {string} text @param {boolean} [bad] */
function number(text, bad = false) {
  return make("td", bad ? { class: "number wrong" } : { class: "number" }, text);
}
