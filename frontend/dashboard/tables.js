/** @import { Board, TaskRow } from "./board.js" */
/** @import { Row } from "./rows.js" */
import { duration } from "../look/wording.js";
import { UNKNOWN } from "./times.js";

/** @param {TaskRow[]} rows @returns {Row[]} */
export function taskRows(rows) {
  return rows.map((row) => ({
    key: row.name,
    cells: [
      row.name,
      { good: row.succeeded, bad: row.failed },
      String(row.perMinute),
      { text: row.failures === null ? UNKNOWN : `${(row.failures * 100).toFixed(row.failures ? 1 : 0)}%`, wrong: (row.failures ?? 0) > 0 },
      row.waited?.map(duration).join(" · ") ?? UNKNOWN,
      row.ran?.map(duration).join(" · ") ?? UNKNOWN,
      String(row.retried),
      row.running === null ? UNKNOWN : String(row.running),
    ],
  }));
}

/** @param {Board} board @returns {Row[]} */
export function queueRows(board) {
  return (board.queues ?? []).map(({ name, depth, slots }) => ({
    key: name,
    cells: [
      name,
      { good: board.levels(`queue ${name}`).map((level) => level ?? 0) },
      { text: String(depth), wrong: depth > 0 && slots === 0 },
      { text: slots ? String(slots) : "No worker", wrong: slots === 0 },
    ],
  }));
}

/** @param {Board} board @returns {Row[]} */
export function workerRows(board) {
  return board.workers.map(({ name, celery, alive, running, pool }) => ({
    key: name,
    cells: [celery ?? name, String(running), pool === undefined ? UNKNOWN : String(pool), { text: alive ? "Now" : "Not responding", wrong: !alive }],
  }));
}
