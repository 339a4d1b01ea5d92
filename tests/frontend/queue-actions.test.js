import assert from "node:assert/strict";
import { test } from "node:test";

import { controlled, purged } from "../../frontend/dashboard/queue-actions.js";
import { queueRows } from "../../frontend/dashboard/tables.js";
import { Board } from "../../frontend/dashboard/board.js";

test("what was taken out, what stays, and what there was no time for is told", () => {
  const queue = "q";
  assert.equal(purged({ queue, purged: 0, ended: 0, kept: 0, more: false }).note, "Nothing was taken out.");
  assert.equal(
    purged({ queue, purged: 2, ended: 1, kept: 1, more: true }).note,
    "2 messages taken out, 1 job ended. 1 message stays: its job runs, or its worker is lost. Cancel those one by one. There was no time for the rest: purge once more.",
  );
});

test("nobody is said to have stopped who did not answer", () => {
  assert.match(controlled("pause", { queue: "q", workers: ["a", "b"], silent: [] }), /^a, b stopped taking jobs from it/);
  assert.match(controlled("resume", { queue: "q", workers: ["a"], silent: ["b"] }), /^a takes jobs from it again/);
  assert.equal(controlled("pause", { queue: "q", workers: [], silent: ["b"] }), "None of its workers answered.");
  assert.match(controlled("pause", { queue: "q", workers: [], silent: [] }), /nothing to pause/);
  assert.match(controlled("resume", { queue: "q", workers: [], silent: [] }), /when they restart/);
});

test("a queue that was paused is no queue without workers", () => {
  const board = new Board();
  /** @param {number} slots @param {number} [paused] */
  const row = (slots, paused) => {
    board.hear({ tasks: {}, workers: [], queues: [{ name: "q", depth: 3, slots, ...(paused ? { paused } : {}) }] }, 1);
    const [, , depth, consumed, acts] = /** @type {any[]} */ (queueRows(board)[0]?.cells);
    return [consumed.text, consumed.wrong, depth.wrong, Object.keys(acts.acts).join()];
  };
  assert.deepEqual(row(2), ["2", false, false, "purge,pause"]);
  assert.deepEqual(row(0), ["No worker", true, true, "purge,pause"]);
  assert.deepEqual(row(0, 1), ["Paused", false, false, "purge,resume"]);
  assert.deepEqual(row(2, 1), ["2 · 1 worker paused", false, false, "purge,pause,resume"]);
});
