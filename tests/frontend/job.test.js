import assert from "node:assert/strict";
import { test } from "node:test";

import { after, percent, tone, UNHEARD, unknown } from "../../frontend/client/job.js";

const SENT = { id: "7-1", task_id: "t", type: "state", state: "PENDING", name: "jobs.add", attempt: 1, ts: 10, final: false };
const progress = { current: 1, total: 4, percent: 25 };

test("the first event says when the job began", () => {
  const job = after(after(UNHEARD, SENT), { ...SENT, id: "7-2", state: "STARTED", ts: 12 });
  assert.deepEqual([job.began, job.ts, job.cursor], [10, 12, "7-2"]);
});

test("progress stays until an event brings another", () => {
  const told = after(UNHEARD, { ...SENT, id: "7-2", type: "progress", state: "PROGRESS", progress });
  assert.equal(percent(after(told, { ...SENT, id: "7-3", type: "log", state: "PROGRESS", data: "line" })), 25);
});

test("a new attempt starts over", () => {
  const told = after(UNHEARD, { ...SENT, id: "7-2", type: "progress", state: "PROGRESS", progress });
  assert.equal(percent(after(told, { ...SENT, id: "7-3", state: "STARTED", attempt: 2 })), null);
});

test("a gap carries the snapshot, and its own id as the cursor", () => {
  const gap = { id: "7-9", task_id: "t", type: "gap", final: false, gap: {}, snapshot: { ...SENT, id: "7-8", state: "STARTED" } };
  const job = after(after(UNHEARD, SENT), gap);
  assert.deepEqual([job.state, job.cursor, job.began], ["STARTED", "7-9", 10]);
});

test("success is everything", () => {
  assert.equal(percent(after(UNHEARD, { ...SENT, state: "SUCCESS", final: true })), 100);
});

test("each final state is an end", () => {
  const tones = ["SUCCESS", "IGNORED", "FAILURE", "REVOKED", "REJECTED", "LOST"].map(tone);
  assert.deepEqual(tones, ["done", "done", "failed", "failed", "failed", "failed"]);
});

test("a state of the task's own is one of running", () => {
  assert.equal(tone("RESIZING"), "running");
  assert.equal(tone(unknown(UNHEARD).state), "gone");
});
