import assert from "node:assert/strict";
import { test } from "node:test";

import { after, percent, tone, UNHEARD, unknown } from "../../frontend/client/job.js";

const SENT = { id: "7-1", task_id: "t", type: "state", state: "PENDING", name: "jobs.add", attempt: 1, ts: 10, final: false };
const progress = { current: 1, total: 4, percent: 25 };

test("the first event says when the job began", () => {
  const job = after(after(UNHEARD, SENT), { ...SENT, id: "7-2", state: "STARTED", ts: 12 });
  assert.deepEqual([job.began, job.ts, job.cursor], [10, 12, "7-2"]);
});

test("a run began when a worker said so, and another attempt's later", () => {
  const began = after(after(UNHEARD, SENT), { ...SENT, id: "7-2", state: "STARTED", ts: 12 });
  const goes = after(began, { ...SENT, id: "7-3", type: "progress", state: "PROGRESS", ts: 13, progress });
  assert.equal(after(goes, { ...SENT, id: "7-4", state: "STARTED", ts: 14 }).started, 12, "it was only silent");
  assert.equal(after(goes, { ...SENT, id: "7-4", state: "STARTED", attempt: 2, ts: 15 }).started, 15);
});

test("the files are those that the result names", () => {
  const job = after(UNHEARD, { ...SENT, state: "SUCCESS", final: true, result: {}, files: ["a"] });
  assert.deepEqual(job.files, ["a"]);
});

test("progress stays until an event brings another", () => {
  const told = after(UNHEARD, { ...SENT, id: "7-2", type: "progress", state: "PROGRESS", progress });
  assert.equal(percent(after(told, { ...SENT, id: "7-3", type: "log", state: "PROGRESS", data: "line" })), 25);
});

test("a new attempt starts over", () => {
  const told = after(UNHEARD, { ...SENT, id: "7-2", type: "progress", state: "PROGRESS", progress });
  assert.equal(percent(after(told, { ...SENT, id: "7-3", state: "STARTED", attempt: 2 })), null);
});

test("of a worker that tells no attempts, a start begins anew", () => {
  const { attempt, ...heard } = { ...SENT, source: "celery" };
  assert.equal(attempt, 1);
  const told = after(UNHEARD, { ...heard, id: "7-2", type: "progress", state: "PROGRESS", progress });
  const further = after(told, { ...heard, id: "7-3", state: "RETRY" });
  assert.deepEqual([further.attempt, percent(further)], [1, 25]);
  assert.equal(percent(after(further, { ...heard, id: "7-4", state: "STARTED" })), null);
});

test("of a task of which nothing is stored, that is known, until something is", () => {
  const job = after(UNHEARD, { task_id: "t", type: "state", state: "PENDING", final: false, source: "celery", known: false });
  assert.deepEqual(job, { ...UNHEARD, known: false });
  assert.equal(after(job, { ...SENT, state: "STARTED" }).known, undefined);
});

test("a gap carries the snapshot, and its own id as the cursor", () => {
  const gap = { id: "7-9", task_id: "t", type: "gap", final: false, gap: {}, snapshot: { ...SENT, id: "7-8", state: "STARTED" } };
  const job = after(after(UNHEARD, SENT), gap);
  assert.deepEqual([job.state, job.cursor, job.began], ["STARTED", "7-9", 10]);
});

test("who joins when the beginning was dropped sees what the snapshot says", () => {
  const snapshot = { ...SENT, id: "7-2", type: "progress", state: "PROGRESS", progress };
  const gap = { id: "7-500", type: "gap", final: false, gap: { after: "7-0", reason: "trimmed" }, snapshot };
  const job = after(after(UNHEARD, gap), { ...SENT, id: "7-501", type: "data", state: "PROGRESS", data: "a token", ts: 20 });
  assert.deepEqual([percent(job), job.state, job.cursor, job.began], [25, "PROGRESS", "7-501", 20]);
});

test("events that the snapshot is newer than turn nothing back", () => {
  const snapshot = { ...SENT, id: "7-9", type: "progress", state: "PROGRESS", attempt: 2, progress };
  const gap = { id: "7-5", type: "gap", final: false, gap: { after: "7-0", reason: "trimmed" }, snapshot };
  const older = { ...SENT, id: "7-6", state: "RETRY", ts: 11, progress: { current: 9 } };
  const job = after(after(UNHEARD, gap), older);
  assert.deepEqual([job.state, job.attempt, percent(job), job.cursor, job.began], ["PROGRESS", 2, 25, "7-6", 11]);
  const newer = after(job, { ...SENT, id: "7-10", state: "STALLED", attempt: 2, ts: 12 });
  assert.deepEqual([newer.state, percent(newer)], ["STALLED", 25]);
});

test("what a new life of the journal says is news", () => {
  const told = after(UNHEARD, { id: "7-5", type: "gap", gap: {}, snapshot: { ...SENT, id: "7-9", attempt: 3, state: "LOST" } });
  const gap = { id: "8-0", type: "gap", gap: { after: "7-9", reason: "epoch" }, snapshot: { ...SENT, id: "8-2", state: "SUCCESS" } };
  assert.equal(after(told, gap).state, "SUCCESS");
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
