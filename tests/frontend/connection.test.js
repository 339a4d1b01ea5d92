import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { passing } from "../../frontend/client/connection.js";

const CONTRACT = readFileSync(new URL("../../docs/contract.md", import.meta.url), "utf8");
/** Codes and whether to try again, by the table of the contract. */
const ROWS = [...CONTRACT.matchAll(/^\| (`[^|]*) \| [^|]* \| [^|]* \| (yes|no) \|$/gm)].map(([, codes = "", retry]) => ({
  codes: [...codes.matchAll(/`([a-z_]+)`/g)].map(([, code = ""]) => code),
  retry: retry === "yes",
}));

test("what the contract says may pass is tried again", () => {
  const due = ROWS.filter(({ retry }) => retry).flatMap(({ codes }) => codes);
  assert.ok(due.length > 10);
  assert.deepEqual(due.filter((code) => !passing(code)), []);
});

test("what is about the topic is final", () => {
  for (const code of ["unknown_task", "unknown_feed", "forbidden", "unauthenticated", "bad_cursor", "http_404"]) assert.ok(!passing(code), code);
});
