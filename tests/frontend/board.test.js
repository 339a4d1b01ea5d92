import assert from "node:assert/strict";
import { test } from "node:test";

import { Board, BUCKET, BUCKETS } from "../../frontend/dashboard/board.js";

const NOW = 1_800_000_000;

/** @param {Partial<import("../../frontend/dashboard/board.js").Tick>} more */
const tick = (more) => ({ fresh: false, tasks: {}, jobs: [], workers: [], queues: [], ...more });
/** @param {string} id @param {object} more @returns {any} */
const job = (id, more) => ({ id, name: "a.b", state: "STARTED", since: NOW, ts: NOW, attempt: 1, final: false, percent: null, message: null, ...more });

test("counts of a name add up over the window, and no longer", () => {
  const board = new Board();
  board.hear(tick({ tasks: { "a.b": { succeeded: 7 } } }), NOW - BUCKET * BUCKETS);
  board.hear(tick({ tasks: { "a.b": { succeeded: 2, milliseconds: 3000 } } }), NOW - 90);
  board.hear(tick({ tasks: { "a.b": { failed: 1, lost: 1, retried: 4 } } }), NOW);
  const [row] = board.tasks();
  assert.deepEqual([row?.perMinute, row?.failures, row?.mean, row?.retried], [2, 0.5, 1.5, 4]);
  assert.equal(row?.succeeded.length, BUCKETS);
  assert.deepEqual([row?.failed.at(-1), row?.stuck.at(-1)], [2, 1]);
});

test("a name that nothing was heard of for the whole window is gone", () => {
  const board = new Board();
  board.hear(tick({ tasks: { old: { succeeded: 1 } } }), NOW - BUCKET * BUCKETS);
  board.hear(tick({ tasks: { "a.b": { succeeded: 1 } } }), NOW);
  assert.deepEqual(board.tasks().map(({ name }) => name), ["a.b"]);
});

test("a chart shows the most that waited in each bar", () => {
  const board = new Board();
  for (const depth of [3, 9, 1]) board.hear(tick({ queues: [{ name: "q", depth, slots: 1 }] }), NOW);
  assert.equal(board.levels("queue q").at(-1), 9);
  assert.equal(board.levels("queued").at(-1), 9);
});

test("jobs that go on come first, oldest first; then those that have ended, newest first", () => {
  const board = new Board();
  const ended = { state: "SUCCESS", final: true };
  board.hear(
    tick({ jobs: [job("1", { ...ended, ts: NOW - 2 }), job("2", { since: NOW - 1 }), job("3", { since: NOW - 5 }), job("4", ended)] }),
    NOW,
  );
  assert.deepEqual(board.list().map(({ id }) => id), ["3", "2", "4", "1"]);
});

test("a new publisher knows nothing of what went on: those jobs are forgotten, the others are not", () => {
  const board = new Board();
  board.hear(tick({ jobs: [job("1", {}), job("2", { state: "SUCCESS", final: true })] }), NOW);
  board.hear(tick({ fresh: true, jobs: [job("3", {})] }), NOW + 1);
  assert.deepEqual(board.list().map(({ id }) => id), ["3", "2"]);
});

test("a run is slow by the measure of its own name", () => {
  const board = new Board();
  board.hear(tick({ tasks: { "a.b": { succeeded: 10, milliseconds: 10_000 } } }), NOW);
  const rows = board.tasks();
  const slow = (/** @type {number} */ seconds) => board.slow(job("1", { began: NOW - seconds }), rows);
  assert.deepEqual([slow(2.9), slow(3.1)], [false, true]);
  assert.equal(board.slow(job("2", { name: "c.d", began: NOW - 99 }), rows), false, "nothing is known of its name");
});

test("who missed ticks shows no job as running whose end may be among them", () => {
  const board = new Board();
  board.hear(tick({ jobs: [job("open", {}), job("ended", { state: "SUCCESS", final: true })] }), NOW);
  board.missed();
  assert.deepEqual(board.list().map(({ id }) => id), ["ended"]);
});

test("jobs that ended too fast to be listed are counted", () => {
  const board = new Board();
  for (const omitted of [2, undefined, 3]) board.hear(tick({ omitted }), NOW);
  assert.equal(board.omitted, 5);
});

test("what nobody has told is unknown, and not 0", () => {
  const board = new Board();
  board.hear(tick({ queues: null, tasks: { "a.b": { sent: 1 } } }), NOW);
  assert.equal(board.levels("queued").at(-1), null, "the broker does not say");
  assert.equal(board.levels("workers").at(-1), 0);
  assert.equal(board.levels("workers").at(-2), null, "before the first tick");
  assert.equal(board.tasks()[0]?.failures, null, "none has ended");
});

test("a job whose worker is silent does not count as running", () => {
  const board = new Board();
  board.hear(tick({ jobs: [job("1", {}), job("2", { state: "STALLED" })], tasks: { "a.b": { stalled: 1 } } }), NOW);
  assert.equal(board.tasks()[0]?.running, 1);
});
