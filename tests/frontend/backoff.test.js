import assert from "node:assert/strict";
import { test } from "node:test";

import { pause } from "../../frontend/client/backoff.js";

test("the longest wait doubles, up to half a minute", () => {
  const longest = Array.from({ length: 8 }, (_, failures) => pause(failures, () => 1));
  assert.deepEqual(longest, [1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
});

test("full jitter: any wait up to the longest", () => {
  assert.equal(pause(3, () => 0), 0);
  assert.equal(pause(3, () => 0.5), 4000);
  const waits = Array.from({ length: 200 }, () => pause(0));
  assert.ok(Math.min(...waits) < 500 && Math.max(...waits) > 500 && Math.max(...waits) <= 1000);
});

test("however often it fails, it is a number", () => assert.equal(pause(5000, () => 1), 30000));
