import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { continued, due, heard, listed, UNLISTED } from "../../frontend/client/roster.js";

/** @import { Roster } from "../../frontend/client/roster.js" */

const CASES = JSON.parse(readFileSync(new URL("../data/feed_cases.json", import.meta.url), "utf8"));

/** @param {string} told `id task state` @param {object} [more] @returns {any} */
function event(told, more) {
  const [id = "", task_id = "", state = ""] = told.split(" ");
  const final = state === "SUCCESS";
  return { id, task_id, state, type: "state", name: null, attempt: 1, ts: 0, final, ...more };
}

/** Whatever the cursor is, so that one can tell them apart. @param {string} cursor */
const rollup = (cursor) => ({ total: Number(cursor.split("-")[1]), open: 0, waiting: 0, done: {} });

/** @param {string} last_event_id @param {string[]} tasks @returns {any} */
const page = (last_event_id, tasks) => ({ last_event_id, rollup: rollup(last_event_id), tasks: tasks.map((each) => event(each)) });

/** @param {any} step @returns {any} what the gateway sends */
function message({ hear, task, gap, after, reason }) {
  if (gap) return { id: gap, feed: "f", type: "gap", gap: { after, reason }, snapshot: null };
  return { ...(hear && { id: hear, rollup: rollup(hear) }), feed: "f", type: "task", event: event(task) };
}

/** @param {Roster} roster @param {any} step @param {number} limit */
function advanced(roster, step, limit) {
  if (step.list) return listed(roster, page(step.list, step.tasks), limit);
  if (step.next) return continued(roster, page(step.next, step.tasks), limit);
  const told = message(step);
  const what = due(roster.cursor, told);
  assert.equal(what, step.does);
  return what === "take" || what === "list" ? heard(roster, told, limit) : roster;
}

for (const { name, limit = 10, steps, then } of CASES) {
  test(name, () => {
    let roster = UNLISTED;
    for (const step of steps) roster = advanced(roster, step, limit);
    const tasks = roster.tasks.map(({ cursor, taskId, state }) => `${cursor} ${taskId} ${state}`);
    assert.deepEqual({ cursor: roster.cursor, tasks }, then);
  });
}

test("the roll-up is that of the newest transition or list", () => {
  let roster = listed(UNLISTED, page("9-2", []), 10);
  assert.equal(roster.rollup?.total, 2);
  roster = heard(roster, message({ hear: "9-3", task: "10-1 a PENDING" }), 10);
  roster = heard(roster, message({ task: "10-2 a PROGRESS" }), 10);
  assert.equal(roster.rollup?.total, 3);
  assert.equal(listed(roster, page("9-2", []), 10).rollup?.total, 3);
});

test("nobody is shown again whom nothing has happened to", () => {
  const before = listed(UNLISTED, page("9-2", ["20-1 b PENDING", "10-1 a PENDING"]), 10);
  const after = heard(before, message({ hear: "9-3", task: "20-2 b STARTED" }), 10);
  assert.equal(after.tasks[1], before.tasks[1]);
  assert.equal(heard(after, message({ task: "20-1 b PENDING" }), 10).tasks, after.tasks);
});

test("a task's progress stays with it, its lines say nothing of its state, and another life begins without", () => {
  const told = (/** @type {string} */ one, /** @type {object} */ more) => ({ feed: "f", type: "task", event: event(one, more) });
  /** @type {any[]} */
  const messages = [
    told("10-1 a STARTED", {}),
    told("10-2 a PROGRESS", { type: "progress", progress: { current: 1, total: 4, percent: 25 } }),
    told("10-3 a PROGRESS", { type: "log", data: "A line" }),
  ];
  const { tasks } = messages.reduce((roster, each) => heard(roster, each, 10), UNLISTED);
  assert.deepEqual([tasks[0].progress?.percent, tasks[0].cursor, tasks[0].event.id], [25, "10-3", "10-2"]);
  const again = heard({ ...UNLISTED, tasks }, /** @type {any} */ (told("20-1 a STARTED", {})), 10);
  assert.deepEqual([again.tasks[0]?.progress, again.tasks[0]?.began], [undefined, 0.02]);
});

test("a thousand tasks are a thousand, whoever tells of more", () => {
  let roster = UNLISTED;
  for (let number = 1; number <= 3_000; number++) {
    roster = heard(roster, message({ hear: `9-${number}`, task: `${1_000 + number}-1 t${number} PENDING` }), 1_000);
  }
  assert.equal(roster.tasks.length, 1_000);
  assert.deepEqual([roster.tasks[0]?.taskId, roster.tasks.at(-1)?.taskId], ["t3000", "t2001"]);
});
