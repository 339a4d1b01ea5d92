import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { send } from "../../frontend/page/ask.js";

/** @param {Response} response what the gateway answers @returns {Promise<any>} what is made of it */
function answered(response) {
  mock.method(globalThis, "fetch", async () => response);
  return send("GET", "push").finally(() => mock.restoreAll());
}

test("an answer is read, whether or not its length is told", async () => {
  const body = JSON.stringify({ devices: [] });
  assert.deepEqual(await answered(new Response(body)), { devices: [] });
  assert.deepEqual(await answered(new Response(body, { headers: { "content-length": String(body.length) } })), { devices: [] });
});

test("an answer without content is nothing", async () => {
  assert.equal(await answered(new Response(null, { status: 204 })), null);
  assert.equal(await answered(new Response("", { status: 202 })), null);
});
