import assert from "node:assert/strict";
import { test } from "node:test";

import { eventLine, fits, outputLines, wordsOf } from "../../frontend/dashboard/lines.js";

const output = { attempt: 1, text: "one\ntwo\nthree", offset: 0, end: 13, omitted: 0 };

test("each line of an output has the time of the piece in which it began", () => {
  const pieces = [
    { attempt: 1, offset: 0, ts: 10 },
    { attempt: 1, offset: 6, ts: 20 },
    { attempt: 1, offset: 8, ts: 30 },
  ];
  assert.deepEqual(
    outputLines(output, pieces, 9).map(({ key, ts, text }) => [key, ts, text]),
    [["o1", 10, "one"], ["o2", 10, "two"], ["o3", 30, "three"]],
  );
});

test("what was written before somebody looked, or by another attempt, has no time", () => {
  assert.deepEqual(outputLines(output, [{ attempt: 1, offset: 8, ts: 30 }], 9).map(({ ts }) => ts), [undefined, undefined, 30]);
  assert.deepEqual(outputLines(output, [{ attempt: 2, offset: 0, ts: 30 }], 9).map(({ ts }) => ts), [undefined, undefined, undefined]);
});

test("of many lines the newest keep their numbers, and an end of line is no line", () => {
  assert.deepEqual(outputLines({ ...output, text: "one\ntwo\nthree\n" }, [], 2).map(({ key, text }) => [key, text]), [["o2", "two"], ["o3", "three"]]);
  assert.deepEqual(outputLines({ ...output, text: "" }, [], 2), []);
});

test("an event is found by its id, and told as a whole", () => {
  const event = /** @type {any} */ ({ id: "17-3", type: "log", state: "STARTED", ts: 5, data: "Read the file" });
  assert.deepEqual(eventLine(event), { key: "17-3", number: "3", ts: 5, kind: "log", text: "Read the file", tone: "running", type: "log" });
  const long = "x".repeat(500);
  assert.equal(eventLine(/** @type {any} */ ({ id: "17-4", type: "output", state: "STARTED", ts: 5, output: { offset: 0, text: `${long}\n` } })).text, long);
  assert.equal(eventLine(/** @type {any} */ ({ id: "17-5", type: "gap", gap: { reason: "trimmed" } })).ts, undefined);
});

test("a search takes lines with all of its words, in any case", () => {
  assert.deepEqual(wordsOf("  Read FILE "), ["read", "file"]);
  assert.ok(fits("Read the file", wordsOf("FILE read")));
  assert.ok(!fits("Read the file", wordsOf("file wrote")));
  assert.ok(fits("anything", wordsOf("")));
});
