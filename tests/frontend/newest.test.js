import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { Newest } from "../../frontend/dashboard/newest.js";

/** Let what is due at this moment come. */
async function settle() {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

/** @param {number} ms */
async function pass(ms) {
  mock.timers.tick(ms);
  await settle();
}

/** @param {import("node:test").TestContext} context */
function clock(context) {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  context.mock.method(performance, "now", () => Date.now());
  context.after(() => mock.timers.reset());
}

test("a replay of many events is one question, and none is asked beside another", async (context) => {
  clock(context);
  /** @type {(() => void)[]} */
  const open = [];
  let asked = 0;
  const newest = new Newest(() => {
    asked += 1;
    return new Promise((done) => open.push(() => done()));
  });
  for (let event = 0; event < 100; event++) newest.soon(300);
  await pass(299);
  assert.equal(asked, 0);
  await pass(1);
  assert.equal(asked, 1);
  for (let event = 0; event < 100; event++) newest.soon(300);
  await pass(1000);
  assert.equal(asked, 1, "one is under way");
  open.pop()?.();
  await settle();
  await pass(0);
  assert.equal(asked, 2, "and one more tells what came meanwhile");
  open.pop()?.();
  await pass(1000);
  assert.equal(asked, 2);
});

test("news just before a question has one of its own", async (context) => {
  clock(context);
  let asked = 0;
  const newest = new Newest(async () => void (asked += 1));
  newest.soon(300);
  await pass(290);
  newest.soon(300);
  await pass(10);
  assert.equal(asked, 1, "whoever has news all the time is answered all the same");
  await pass(289);
  assert.equal(asked, 1);
  await pass(1);
  assert.equal(asked, 2);
});

test("nothing is asked once it is stopped", async (context) => {
  clock(context);
  let asked = 0;
  const newest = new Newest(async () => void (asked += 1));
  newest.soon(300);
  newest.stop();
  await pass(300);
  assert.equal(asked, 0);
});
