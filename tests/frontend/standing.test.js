import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { events, isFailing, lastDelivery, lastError, reason } from "../../frontend/page/standing.js";

const when = (/** @type {number} */ at) => `at ${at}`;

describe("how sending goes, in words", () => {
  test("nothing was sent", () => {
    assert.equal(lastDelivery({}, when), "Nothing was delivered yet.");
    assert.equal(lastError({}, "device", when), "");
    assert.equal(isFailing({}), false);
  });

  test("the newest message was not taken", () => {
    const health = { sent: 1, failed: 2, error: "no answer within 10 s" };
    assert.equal(lastDelivery(health, when), "Last delivery: at 1.");
    assert.equal(lastError(health, "device", when), "Last error: at 2, no answer within 10 s.");
    assert.equal(isFailing(health), true);
  });

  test("it was taken later", () => assert.equal(isFailing({ sent: 3, failed: 2, error: "HTTP 500" }), false));
});

describe("what an answer means", () => {
  for (const [answer, kind, words] of /** @type {const} */ ([
    ["HTTP 403", "device", "the push service refuses the gateway’s key (HTTP 403)"],
    ["HTTP 403", "webhook", "the service refuses the message (HTTP 403)"],
    ["HTTP 410", "webhook", "the service wants nothing any more (HTTP 410)"],
    ["HTTP 301", "webhook", "the service is elsewhere, and redirects are not followed (HTTP 301)"],
    ["HTTP 502", "device", "the push service has a fault of its own (HTTP 502)"],
    ["HTTP 418", "webhook", "the service did not take it (HTTP 418)"],
    ["10.0.0.1 is no public address", "webhook", "10.0.0.1 is no public address"],
    ["", "device", "nobody knows why"],
  ])) {
    test(`${kind}: ${answer}`, () => assert.equal(reason(answer, kind), words));
  }
});

describe("of which ends a webhook is told", () => {
  for (const [wanted, words] of /** @type {const} */ ([
    [{}, "All ends of all jobs"],
    [{ states: ["LOST"] }, "LOST of all jobs"],
    [{ states: ["FAILURE", "LOST"], names: ["a.*", "b"] }, "FAILURE, LOST of a.*, b"],
    [{ tags: ["x"] }, "All ends tagged x"],
    [{ names: ["a"], tags: ["x", "y"] }, "All ends of a, tagged x, y"],
  ])) {
    test(words, () => assert.equal(events(/** @type {any} */ (wanted)), words));
  }
});
