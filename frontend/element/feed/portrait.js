/**
 * What the list shows of a feed and of each of its tasks at a moment. Pure.
 *
 * @import { FeedTask, Rollup } from "../../client/main.js"
 * @import { Portrait } from "../portrait.js"
 */
import { foresee } from "../outlook.js";
import { portrait } from "../portrait.js";
import { words } from "../wording.js";
import { feedWords } from "./wording.js";

/** @typedef {import("../../client/main.js").Job & {taskId: string, event?: FeedTask["event"]}} ShownTask of a feed, or of the page's own */

/**
 * @typedef {object} Row
 * @property {string} title
 * @property {Date} began
 * @property {boolean} open whether it has a bar: it has not ended
 */

/**
 * @param {ShownTask} task
 * @param {number} now in milliseconds
 * @returns {Portrait & Row}
 */
export function row(task, now) {
  const { name, taskId, began = 0, final, state } = task;
  // How the connection is stands once above the list.
  const picture = portrait({ job: task, outlook: foresee({}, task.event ?? task, now), line: "live", now });
  const title = name ? (feedWords.titles[name] ?? name) : `${words.task} ${taskId.slice(0, 8)}`;
  // "Done" says it.
  const message = state === "SUCCESS" ? "" : picture.message;
  return { ...picture, message, title, began: new Date(began * 1000), open: !final };
}

/** @typedef {"waiting" | "running" | "done" | "failed" | "cancelled"} Kind */

/** @type {Readonly<Record<string, Kind>>} */
const KINDS = { SUCCESS: "done", IGNORED: "done", REVOKED: "cancelled" };

/**
 * @param {Rollup} rollup
 * @returns {Record<Kind, number>} how many there are of each kind, in words that people use
 */
export function counts({ open, waiting, done }) {
  const found = { waiting, running: open - waiting, done: 0, failed: 0, cancelled: 0 };
  for (const [state, count] of Object.entries(done)) found[KINDS[state] ?? "failed"] += count;
  return found;
}

/**
 * @param {Rollup} rollup
 * @returns {string} `3 running · 12 done · 1 failed`
 */
export function summary(rollup) {
  const each = Object.entries(counts(rollup)).filter(([, count]) => count);
  return each.map(([kind, count]) => `${count} ${feedWords[/** @type {Kind} */ (kind)]}`).join(" · ") || feedWords.none;
}

/**
 * The tasks of one whole by what they are called: each name where its first task is. Of a canvas that says which part is where.
 *
 * @template {Portrait & Row} Shown
 * @param {readonly Shown[]} rows the newest first
 * @param {boolean} all whether these are all tasks that there are
 * @returns {{key: string, rows: Shown[], summary: string, reached: number}[]} in the order in which they were sent; a
 *   part with a single task has no summary, nor has one of which some are not here
 */
export function parts(rows, all) {
  /** @type {Map<string, Shown[]>} */
  const found = new Map();
  for (const row of rows.toReversed()) found.set(row.title, [...(found.get(row.title) ?? []), row]);
  return [...found].map(([key, members]) => {
    const ended = members.filter(({ open }) => !open).length;
    const sum = members.reduce((sum, { open, reached }) => sum + (open ? (reached ?? 0) : 100), 0);
    const summary = all && members.length > 1 ? feedWords.part(ended, members.length) : "";
    return { key, rows: members, summary, reached: Math.floor(sum / members.length) };
  });
}

/**
 * @param {Rollup | null} rollup
 * @returns {number | null} percent of a feed that is one whole, as a group is; null for any other
 */
export function whole(rollup) {
  return rollup?.permille === undefined ? null : Math.floor(rollup.permille / 10);
}
