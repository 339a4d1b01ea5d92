import assert from "node:assert/strict";
import { test } from "node:test";

import { marks, thinned } from "../../frontend/page/lanes.js";
import { Trace } from "../../frontend/page/trace.js";

/** @param {string} id @param {number} ts @returns {any} */
const event = (id, ts) => ({ id, ts, task_id: "t", type: "progress", state: "PROGRESS", attempt: 1, final: false });
/** @param {string} id @returns {any} */
const gap = (id) => ({ id, task_id: "t", type: "gap", final: false, gap: { after: "7-1", reason: "trimmed" } });

/** @param {...[string, number, number]} heard id, the worker's time, ours */
function live(...heard) {
  const trace = new Trace();
  trace.lineIs("live", "websocket", 0);
  for (const [id, ts, now] of heard) trace.heard(event(id, ts), now);
  return trace;
}

test("events that are all there, once each", () => {
  const { count, numbered, missing, repeated } = live(["7-1", 1, 1], ["7-2", 2, 2], ["7-3", 3, 3]).proof();
  assert.deepEqual([count, numbered, missing, repeated], [3, 3, 0, 0]);
});

test("a number that is left out is missing, and one that comes again is repeated", () => {
  const { missing, repeated } = live(["7-1", 1, 1], ["7-4", 2, 2], ["7-4", 2, 2]).proof();
  assert.deepEqual([missing, repeated], [2, 1]);
});

test("what the journal says it has no more is not missing", () => {
  const trace = live(["7-1", 1, 1]);
  trace.heard(gap("7-5"), 2);
  trace.heard(event("7-6", 2), 2);
  assert.equal(trace.proof().missing, 0);
});

test("a new life of the journal begins anew", () => {
  const { count, numbered, missing } = live(["7-1", 1, 1], ["7-2", 2, 2], ["9-1", 3, 3]).proof();
  assert.deepEqual([count, numbered, missing], [1, 1, 0]);
});

test("of a job that tells much the newest are kept, and the sums of all", () => {
  const trace = new Trace();
  for (let seq = 1; seq <= 5000; seq++) trace.heard(event(`7-${seq}`, seq), seq);
  trace.heard(event("7-5002", 5002), 5002);
  assert.equal(trace.points.length, 1000);
  const { count, numbered, missing, repeated, recovered } = trace.proof();
  assert.deepEqual([count, numbered, missing, repeated, recovered], [5001, 5002, 1, 0, 5001]);
});

test("what happened while the line was cut was read from the journal", () => {
  const trace = live(["7-1", 1, 1]);
  trace.lineIs("waiting", "websocket", 2);
  trace.lineIs("connecting", "websocket", 4);
  trace.lineIs("live", "websocket", 5);
  trace.heard(event("7-2", 3), 5);
  trace.heard(event("7-3", 6), 6);
  assert.deepEqual(trace.points.map((point) => trace.recovered(point)), [false, true, false]);
  assert.deepEqual(trace.breaks, [{ from: 2, to: 5, cut: true }]);
  assert.equal(trace.proof().cuts, 1);
});

test("another transport is no cut", () => {
  const trace = live(["7-1", 1, 1]);
  trace.lineIs("connecting", "sse", 2);
  trace.lineIs("live", "sse", 3);
  assert.equal(trace.proof().cuts, 0);
  assert.deepEqual(trace.breaks, [{ from: 2, to: 3, cut: false }]);
});

test("the clocks of worker and browser may differ", () => {
  const trace = live(["7-1", 101.5, 100], ["7-2", 102.5, 101.1]);
  assert.equal(trace.skew, -1.5);
  assert.equal(live(["7-1", 1, 5000]).skew, 0, "an old event says nothing of the clocks");
});

test("marks are round, and not too many", () => {
  assert.deepEqual(marks(1, 6), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(marks(4.7, 6), [0, 1, 2, 3, 4]);
  assert.deepEqual(marks(0.087, 6), [0, 0.02, 0.04, 0.06, 0.08]);
});

test("of a long job's events a part is drawn, from the first to the last, with each change of the transport", () => {
  /** @type {import("../../frontend/page/trace.js").Point[]} */
  const points = Array.from({ length: 1_000 }, (_, seq) => ({ seq, ts: seq, transport: seq < 501 ? "sse" : "poll", liveSince: 0 }));
  const drawn = thinned(points, 100).map(({ seq }) => seq);
  assert.deepEqual([drawn[0], drawn[1], drawn.at(-1), drawn.length], [0, 10, 999, 102]);
  assert.ok(drawn.includes(501));
  assert.equal(thinned(points.slice(0, 100), 100).length, 100);
});
