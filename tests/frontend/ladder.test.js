import assert from "node:assert/strict";
import { test } from "node:test";

import { failed, heard, ladder, steady, transport } from "../../frontend/client/ladder.js";

/** @import { Failure, Ladder } from "../../frontend/client/ladder.js" */

const WHOLE = ladder(["websocket", "sse", "poll"]);

/** @param {Ladder} from @param {Failure[]} failures @returns {string} the transport that is next */
const after = (from, ...failures) => transport(failures.reduce(failed, from));

test("it begins with the best", () => assert.equal(transport(WHOLE), "websocket"));

test("what never opens is given up at once", () => assert.equal(after(WHOLE, "refused"), "sse"));

test("so is what opens and stays silent", () => assert.equal(after(WHOLE, "refused", "silent"), "poll"));

test("what is cut has two more attempts", () => {
  assert.equal(after(WHOLE, "cut", "cut"), "websocket");
  assert.equal(after(WHOLE, "cut", "cut", "cut"), "sse");
});

test("what has worked here has two more attempts, however it fails", () => {
  const proven = heard(WHOLE, "websocket");
  assert.equal(after(proven, "refused", "silent"), "websocket");
  assert.equal(after(proven, "refused", "silent", "refused"), "sse");
});

test("a connection that lived forgets the failures before it", () => {
  const twice = failed(failed(WHOLE, "cut"), "cut");
  assert.equal(after(twice, "cut"), "sse");
  assert.equal(after(steady(twice), "cut"), "websocket");
});

test("below the last one it begins again at the top", () => {
  assert.equal(after(WHOLE, "refused", "refused", "refused"), "websocket");
});

test("each transport has its own failures", () => {
  assert.equal(after(WHOLE, "refused", "cut", "cut"), "sse");
  assert.equal(after(WHOLE, "refused", "cut", "cut", "cut"), "poll");
});

test("it climbs to what was heard", () => {
  const down = failed(failed(heard(WHOLE, "poll"), "refused"), "refused");
  assert.equal(transport(steady(down, 0)), "websocket");
  assert.equal(transport(steady(down, 1)), "sse");
  assert.deepEqual(steady(down, 0).proven, { poll: true });
});

test("one that was asked for is kept", () => {
  assert.equal(after(ladder(["sse"]), "refused", "refused", "silent"), "sse");
});
