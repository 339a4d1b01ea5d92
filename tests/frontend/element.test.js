import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { UNHEARD, unknown } from "../../frontend/client/job.js";
import { announcer, milestone, spoken } from "../../frontend/element/announce.js";
import { facts } from "../../frontend/element/facts.js";
import { resultLink } from "../../frontend/element/link.js";
import { foresee } from "../../frontend/element/outlook.js";
import { portrait } from "../../frontend/element/portrait.js";
import { about, span, words } from "../../frontend/element/wording.js";

const NOW = 1_700_000_000_000;
const RUNNING = { ...UNHEARD, cursor: "7-2", state: "PROGRESS", began: 10, ts: 12 };

/** @param {Partial<import("../../frontend/element/portrait.js").Seen>} seen */
const seen = (seen) => portrait({ job: RUNNING, outlook: {}, line: "live", now: NOW, ...seen });

test("times are written for people", () => {
  const written = [0.26, 9.96, 48.4, 59.6, 125, 180, 3599.6, 5400].map(span);
  assert.deepEqual(written, ["0.3 s", "10 s", "48 s", "1 min", "2:05 min", "3 min", "1 h", "1:30 h"]);
});

test("an estimate is no more exact than it can be", () => {
  const written = [0, 5, 5.1, 23, 58, 61, 3601, 5400].map(about);
  assert.deepEqual(written, [
    ...["a few seconds", "a few seconds", "about 10 s", "about 25 s"],
    ...["about 1 min", "about 2 min", "about 1:01 h", "about 1:30 h"],
  ]);
});

test("an estimate counts down from when it was told", () => {
  const outlook = foresee({}, { type: "progress", ts: NOW / 1000 - 60, estimate: { end: 100 } }, NOW - 1000);
  assert.equal(seen({ outlook }).note, "about 40 s left");
  assert.equal(seen({ outlook }).ticking, true);
  const late = seen({ outlook, now: NOW + 60_000 });
  assert.deepEqual([late.note, late.ticking], ["", false]);
});

test("no estimate is longer than it was told, whatever the worker's clock says", () => {
  const event = { type: "state", ts: NOW / 1000 + 500, estimate: { start: 30, end: 90 } };
  const { starts, ends } = foresee({}, event, NOW);
  assert.deepEqual([starts, ends], [NOW + 30_000, NOW + 90_000]);
});

test("a retry is never further away than its whole pause, whatever the worker's clock says", () => {
  const retry = { at: NOW / 1000 + 500, delay: 8, max: null };
  const job = { ...RUNNING, state: "RETRY", error: { code: "c", message: "It failed.", ref: "r" }, retry };
  const outlook = foresee({}, { type: "state", retry }, NOW);
  const { note, message, tone } = seen({ job, outlook });
  assert.deepEqual([note, message, tone], ["Attempt 2 in 8 s", "It failed.", "waiting"]);
});

test("a task that may not start yet says when", () => {
  const time = new Date(NOW + 5000);
  const outlook = foresee({}, { type: "state", eta: time.toISOString() }, NOW);
  const job = { ...RUNNING, state: "PENDING" };
  assert.equal(seen({ job, outlook }).note, words.earliest(time));
  assert.equal(seen({ job, outlook, now: NOW + 6000 }).note, "");
});

test("a queued task says what it waits for, if not for its turn", () => {
  const job = { ...RUNNING, state: "PENDING" };
  const said = ["no_consumer", "dependency", undefined].map((waiting) => {
    return seen({ job, outlook: foresee({}, { type: "state", waiting }, NOW) }).message;
  });
  assert.deepEqual(said, ["No worker takes such tasks right now", "Waiting for the task before it", "Waiting for a worker"]);
});

test("what a task writes beside changes no outlook, and a gap's snapshot makes a new one", () => {
  const before = { ahead: 3, cancelling: true };
  for (const type of ["log", "data", "output"]) assert.equal(foresee(before, { type, ts: NOW / 1000 }, NOW), before, type);
  const gap = { type: "gap", snapshot: { type: "state", state: "PENDING", ahead: 1 } };
  assert.deepEqual([foresee(before, gap, NOW).ahead, foresee(before, gap, NOW).cancelling], [1, false]);
});

test("who asked to stop sees it until the task runs again", () => {
  const asked = foresee({}, { type: "state", cancel: "requested" }, NOW);
  const reported = foresee(asked, { type: "progress", progress: { current: 1 } }, NOW);
  assert.deepEqual([seen({ outlook: reported }).state, seen({ outlook: reported }).stoppable], ["Cancelling", false]);
  assert.equal(foresee(reported, { type: "state", retry: { at: 1, delay: 1 } }, NOW).cancelling, false);
});

test("the connection is mentioned while it is cut", () => {
  assert.equal(seen({ line: "offline" }).note, "You are offline");
  assert.equal(seen({ line: "live" }).note, "");
});

test("an end says what it was: error and reference, or how long it took", () => {
  const error = { code: "quota", message: "Your quota is used up.", ref: "b486cb31" };
  const failed = seen({ job: { ...RUNNING, state: "FAILURE", final: true, error } });
  assert.deepEqual([failed.tone, failed.message, failed.note], ["failed", error.message, "quota · b486cb31 · Took 2 s"]);
  const done = seen({ job: { ...RUNNING, state: "SUCCESS", final: true, progress: { current: 1, message: "Wrote" } } });
  assert.deepEqual([done.tone, done.message, done.figure, done.stoppable], ["done", "Finished", "100%", false]);
});

test("who waited for a worker does not take that for slow work", () => {
  const ended = { ...RUNNING, state: "SUCCESS", final: true, began: 100, started: 113.8, ts: 114.1 };
  assert.equal(seen({ job: ended }).note, "Waited 14 s · Took 0.3 s");
  assert.equal(seen({ job: { ...ended, attempt: 2 } }).note, "Attempt 2 · Took 14 s");
  assert.equal(seen({ job: { ...ended, started: undefined } }).note, "Took 14 s");
});

test("before there is a task, or an answer, or when there is none", () => {
  assert.equal(seen({ job: UNHEARD, line: undefined }).state, "No task");
  assert.equal(seen({ job: UNHEARD, line: "connecting" }).state, "Connecting");
  const error = { code: "unknown_task", message: "Nobody sent it.", ref: "" };
  const gone = seen({ job: { ...unknown(UNHEARD), error }, line: "gone" });
  assert.deepEqual([gone.state, gone.message, gone.tone, gone.stoppable], ["Unavailable", "Nobody sent it.", "gone", false]);
});

test("a state of the task's own is read from its name", () => {
  assert.equal(seen({ job: { ...RUNNING, state: "RESIZING_IMAGES" } }).state, "Resizing images");
});

test("a page changes the words", () => {
  const was = words.ahead;
  words.ahead = (tasks) => `${tasks} vor dir`;
  assert.equal(seen({ job: { ...RUNNING, state: "PENDING" }, outlook: { ahead: 2 } }).note, "2 vor dir");
  words.ahead = was;
});

test("a result's address becomes a link if it is one", () => {
  const base = "https://example.org/app/";
  assert.equal(resultLink({ report_url: "/files/a.pdf" }, base, "t"), "https://example.org/files/a.pdf");
  assert.equal(resultLink({ thumbnail_url: "/t", download_url: "https://cdn.example.net/b" }, base, "t"), "https://cdn.example.net/b");
  for (const result of [undefined, null, "url", 7, {}, { url: 5 }, { url: "" }, { url: "javascript:alert(1)" }, { url: "data:," }]) {
    assert.equal(resultLink(result, base, "t"), "");
  }
});

test("a file that the job stored is had through the job", () => {
  const base = "https://example.org/app/";
  const files = ["reports/a b's.pdf", "x"];
  /** @param {string} url */
  const link = (url) => resultLink({ url }, base, "t/1", files);
  assert.equal(link("/files/reports/a%20b's.pdf"), "https://example.org/app/tasks/t%2F1/files/reports/a%20b's.pdf");
  assert.equal(link("/files/other.pdf"), "https://example.org/files/other.pdf");
});

test("the details list what is known", () => {
  assert.deepEqual(facts("t", UNHEARD, null), [["Id", "t"]]);
  const known = facts("t", { ...RUNNING, name: "reports.generate" }, { line: "live", transport: "sse" });
  assert.deepEqual(known.map(([term]) => term), ["Task", "Id", "Attempt", "Connection"]);
});

test("a milestone is another state, or another quarter", () => {
  const reached = [0, 24.9, 25, 26, 50, 99, 100].map((percent) => {
    return milestone(seen({ job: { ...RUNNING, progress: { current: 0, percent } } }));
  });
  assert.deepEqual(reached, ["Running 0", "Running 0", "Running 1", "Running 1", "Running 2", "Running 3", "Running 4"]);
});

test("what is announced waits, and the newest word takes the place of what waits", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  /** @type {string[]} */
  const said = [];
  const announce = announcer((text) => said.push(text));
  /** @param {number} percent */
  const reach = (percent) => {
    const shown = seen({ job: { ...RUNNING, progress: { current: 0, percent, message: "Working" } } });
    announce(milestone(shown), spoken(shown));
  };
  reach(10);
  reach(30);
  reach(40);
  assert.deepEqual(said, []);
  mock.timers.tick(1000);
  reach(45);
  mock.timers.tick(5000);
  assert.deepEqual(said, ["Running, 30%, Working"]);
  reach(50);
  mock.timers.tick(1000);
  assert.deepEqual(said, ["Running, 30%, Working", "Running, 50%, Working"]);
  mock.timers.reset();
});

test("the modules may be imported where there is no browser", async () => {
  const { TaskProgress } = await import("../../frontend/element/index.js");
  assert.equal(TaskProgress.observedAttributes.includes("task-id"), true);
});
