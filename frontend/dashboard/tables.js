/** @import { Board, TaskRow } from "./board.js" */
/** @import { Row } from "./rows.js" */
import { counted, duration } from "../look/wording.js";
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
  return (board.queues ?? []).map(({ name, depth, slots, paused = 0 }) => ({
    key: name,
    cells: [
      name,
      { good: board.levels(`queue ${name}`).map((level) => level ?? 0) },
      { text: String(depth), wrong: depth > 0 && slots === 0 && !paused },
      { text: consumed(slots, paused), wrong: slots === 0 && !paused },
      { acts: queueActs(slots, paused), of: name },
    ],
  }));
}

/** @param {number} slots @param {number} paused */
function consumed(slots, paused) {
  if (!paused) return slots ? String(slots) : "No worker";
  return slots ? `${slots} · ${counted(paused, "worker")} paused` : "Paused";
}

/** @param {number} slots @param {number} paused @returns {Record<string, string>} the second is pressed to undo itself: it stays in its place */
function queueActs(slots, paused) {
  if (!paused) return { purge: "Purge", pause: "Pause" };
  return slots ? { purge: "Purge", pause: "Pause", resume: "Resume" } : { purge: "Purge", resume: "Resume" };
}

/** @param {Board} board @returns {Row[]} */
export function workerRows(board) {
  return board.workers.map(({ name, celery, alive, running, pool }) => ({
    key: name,
    cells: [celery ?? name, String(running), pool === undefined ? UNKNOWN : String(pool), { text: alive ? "Now" : "Not responding", wrong: !alive }],
  }));
}
