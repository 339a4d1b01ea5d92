import assert from "node:assert/strict";
import { test } from "node:test";

import { unanswered } from "../../frontend/dashboard/sure.js";

test("nothing was done only where that is known", () => {
  assert.equal(unanswered({ code: "forbidden", message: "No." }), "Nothing was done. No.");
  for (const code of ["unavailable", "internal_error", "token_expired", "", "http_error"]) {
    assert.doesNotMatch(unanswered({ code, message: "No." }), /Nothing was done/);
  }
});
