import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { after, UNHEARD } from "../../frontend/client/job.js";
import { written } from "../../frontend/client/output.js";
import { Text } from "../../frontend/element/text.js";

/** @typedef {import("../../frontend/client/output.js").Output | undefined} Written */

const CASES = JSON.parse(readFileSync(new URL("../data/output_cases.json", import.meta.url), "utf8"));

/** @param {any[]} piece @returns {any} */
function event([id, attempt, offset, text, omitted]) {
  return { ...(id && { id }), type: "output", state: "STARTED", attempt, ts: 1, final: false, output: { offset, text, ...(omitted && { omitted }) } };
}

for (const { name, pieces, then } of CASES) {
  test(name, () => {
    const { attempt, offset, text, omitted } = pieces.map(event).reduce(written, undefined);
    assert.deepEqual([attempt, offset, text, omitted], then);
  });
}

test("a million pieces are one text", () => {
  let output = /** @type {Written} */ (undefined);
  for (let number = 0; number < 1_000_000; number++) output = written(output, event([`7-${number + 1}`, 1, number, "x"]));
  assert.equal(output?.text.length, 1_000_000);
});

test("a job has its text, whatever else it reports", () => {
  const told = [
    { id: "7-1", type: "state", state: "STARTED", attempt: 1, ts: 1, final: false },
    event(["7-2", 1, 0, "One "]),
    { id: "7-3", type: "progress", state: "PROGRESS", attempt: 1, ts: 2, final: false, progress: { current: 1 } },
    event(["7-4", 1, 4, "two"]),
  ];
  const job = told.reduce(after, UNHEARD);
  assert.deepEqual([job.output?.text, job.progress?.current, job.cursor], ["One two", 1, "7-4"]);
  const next = after(job, { id: "7-5", type: "state", state: "STARTED", attempt: 2, ts: 3, final: false });
  assert.equal(next.output, undefined);
});

test("the text so far says nothing of the state, and an attempt before its own leaves it", () => {
  const joined = after(UNHEARD, event([null, 2, 0, "Second"]));
  assert.deepEqual([joined.state, joined.cursor, joined.attempt], ["PENDING", undefined, 1]);
  const told = [
    { id: "7-1", type: "state", state: "STARTED", attempt: 1, ts: 1, final: false },
    event(["7-2", 1, 0, "First"]),
    { id: "7-3", type: "state", state: "STARTED", attempt: 2, ts: 2, final: false },
  ];
  assert.equal(told.reduce(after, joined).output?.text, "Second");
});

test("a gap of another life empties the text, one that was trimmed does not", () => {
  const job = after(UNHEARD, event(["7-2", 1, 0, "One"]));
  const gap = (/** @type {string} */ reason) => ({
    ...{ id: "8-4", type: "gap", final: false, gap: { after: "7-2", reason } },
    snapshot: { id: "8-9", type: "progress", state: "PROGRESS", attempt: 1, ts: 5, final: false },
  });
  assert.equal(after(job, gap("trimmed")).output?.text, "One");
  assert.equal(after(job, gap("epoch")).output, undefined);
});

test("the steps are those of the attempt", () => {
  const steps = [{ name: "Load", state: "running", began: 1 }];
  const running = after(UNHEARD, { id: "7-1", type: "progress", state: "PROGRESS", attempt: 1, ts: 1, final: false, steps });
  assert.deepEqual(after(running, { id: "7-2", type: "log", state: "PROGRESS", attempt: 1, ts: 1, final: false, data: "" }).steps, steps);
  assert.equal(after(running, { id: "7-2", type: "state", state: "STARTED", attempt: 2, ts: 1, final: false }).steps, undefined);
});

test("a page has a text once, also one that begins elsewhere", () => {
  let shown = "";
  const last = { length: 0, appendData: (/** @type {string} */ text) => void (shown += text) };
  const place = { lastChild: last, firstChild: last, replaceChildren: () => void (shown = ""), append() {} };
  const text = new Text(/** @type {any} */ (place));
  const evicted = [event(["7-2", 1, 0, "One"]), event(["7-9", 1, 10, "ten"]), event([null, 1, 10, "ten more"])];
  const texts = evicted.map((_, index) => evicted.slice(0, index + 1).reduce(written, /** @type {Written} */ (undefined)));
  for (const output of texts) text.draw(output);
  assert.equal(shown, "ten more");
});
