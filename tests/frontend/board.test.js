import assert from "node:assert/strict";
import { test } from "node:test";

import { Board, BUCKET, BUCKETS } from "../../frontend/dashboard/board.js";

const NOW = 1_800_000_000;

/** @param {Partial<import("../../frontend/dashboard/board.js").Tick>} more */
const tick = (more) => ({ tasks: {}, workers: [], queues: [], ...more });

test("counts of a name add up over the window, and no longer", () => {
  const board = new Board();
  board.hear(tick({ tasks: { "a.b": { succeeded: 7 } } }), NOW - BUCKET * BUCKETS);
  board.hear(tick({ tasks: { "a.b": { succeeded: 2 } } }), NOW - 90);
  board.hear(tick({ tasks: { "a.b": { failed: 1, lost: 1, retried: 4 } } }), NOW);
  const [row] = board.tasks();
  assert.deepEqual([row?.perMinute, row?.failures, row?.retried], [2, 0.5, 4]);
  assert.equal(row?.succeeded.length, BUCKETS);
  assert.deepEqual([row?.failed.at(-1), row?.stuck.at(-1)], [2, 1]);
});

test("a name that nothing was heard of for the whole window is gone, unless its jobs go on", () => {
  const board = new Board();
  board.hear(tick({ tasks: { old: { succeeded: 1 }, long: { started: 1 } } }), NOW - BUCKET * BUCKETS);
  board.hear(tick({ tasks: { "a.b": { succeeded: 1 } }, standing: { long: { running: 1 } } }), NOW);
  assert.deepEqual(board.tasks().map(({ name }) => name), ["a.b", "long"]);
});

test("a chart shows the most that waited in each bar, and the figure what waits now", () => {
  const board = new Board();
  for (const depth of [3, 9, 1]) board.hear(tick({ queues: [{ name: "q", depth, slots: 1 }] }), NOW);
  assert.equal(board.levels("queue q").at(-1), 9);
  assert.equal(board.levels("queued").at(-1), 9);
  assert.equal(board.queued, 1);
});

test("those that run are as many as the list has, however many the name has waiting or stalled", () => {
  const board = new Board();
  board.hear(tick({ standing: { "a.b": { running: 2, waiting: 5, stalled: 1 }, c: { running: 1 } } }), NOW);
  assert.equal(board.running, 3);
  assert.deepEqual(board.tasks().map(({ running }) => running), [2, 1]);
});

test("percentiles are those of all that ran in the window, in ticks of their own", () => {
  const board = new Board();
  const bucket = (/** @type {number} */ seconds) => Math.ceil(Math.log(seconds / 0.001) / Math.log(1.05));
  board.hear(tick({ tasks: { "a.b": {} }, ran: { "a.b": { [bucket(0.1)]: 60 } } }), NOW - 100);
  board.hear(tick({ ran: { "a.b": { [bucket(1)]: 38, [bucket(30)]: 2 } } }), NOW);
  const ran = board.tasks()[0]?.ran ?? [];
  [0.1, 1, 30].forEach((seconds, index) => {
    const found = ran[index] ?? 0;
    assert.ok(Math.abs(found - seconds) < 0.03 * seconds, `${found} for ${seconds}`);
  });
  assert.equal(board.tasks()[0]?.waited, null);
});

test("a run is slow by the measure of its own name", () => {
  const board = new Board();
  board.hear(tick({ ran: { "a.b": { 0: 10 } }, tasks: { "a.b": {} } }), NOW);
  assert.deepEqual([board.slow("a.b", 0.9), board.slow("a.b", 1.1)], [false, true]);
  assert.equal(board.slow("c.d", 99), false, "nothing is known of its name");
});

test("what nobody has told is unknown, and not 0", () => {
  const board = new Board();
  board.hear(tick({ queues: null, tasks: { "a.b": { sent: 1 } } }), NOW);
  assert.deepEqual([board.queued, board.running, board.levels("queued").at(-1)], [null, null, null]);
  assert.equal(board.levels("workers").at(-1), 0);
  assert.equal(board.levels("workers").at(-2), null, "before the first tick");
  const [row] = board.tasks();
  assert.deepEqual([row?.failures, row?.waited, row?.ran, row?.running], [null, null, null, null]);
});
