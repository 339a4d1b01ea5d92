import assert from "node:assert/strict";
import { test } from "node:test";

import { timeline } from "../../frontend/dashboard/timeline.js";

/** @param {object} job @returns {any} */
const job = (job) => ({ id: "a", name: "n", state: "SUCCESS", attempt: 1, ts: 0, ...job });

/** @param {any[]} jobs @param {number} now */
function bars(jobs, now) {
  return [...timeline(jobs, now).bars.values()].map((parts) => parts.map(({ kind, start, size }) => [kind, Math.round(start), Math.round(size)]));
}

test("a job has waited, and then it ran, beside the others", () => {
  const [first, second] = [job({ sent: 0, began: 2, ended: 10, waited: 2 }), job({ id: "b", sent: 10, began: 11, ended: 20, waited: 1 })];
  assert.deepEqual(bars([first, second], 99), [
    [["waited", 0, 10], ["ran", 10, 40]],
    [["waited", 50, 5], ["ran", 55, 45]],
  ]);
});

test("what goes on ends now", () => {
  assert.deepEqual(bars([job({ state: "PENDING", sent: 0 })], 10), [[["waited", 0, 100]]]);
  assert.deepEqual(bars([job({ state: "STARTED", sent: 0, began: 5, waited: 5 })], 10), [[["waited", 0, 50], ["ran", 50, 50]]]);
});

test("earlier attempts are between waiting and the newest run", () => {
  assert.deepEqual(bars([job({ attempt: 2, sent: 0, waited: 2, began: 6, ended: 10 })], 99), [[["waited", 0, 20], ["tried", 20, 40], ["ran", 60, 40]]]);
  assert.deepEqual(bars([job({ state: "RETRY", sent: 0, waited: 2, began: 2 })], 10), [[["waited", 0, 20], ["tried", 20, 80]]]);
});

test("one that never ran has waited until its end, and nothing is divided by none", () => {
  assert.deepEqual(bars([job({ state: "REVOKED", sent: 0, ended: 10 })], 99), [[["waited", 0, 100]]]);
  assert.deepEqual(bars([job({ sent: 5, began: 5, ended: 5, waited: 0 })], 99), [[["ran", 0, 0]]]);
});
