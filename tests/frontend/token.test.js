import assert from "node:assert/strict";
import { test } from "node:test";

import { renewal } from "../../frontend/client/token.js";

const NOW = 1_763_800_000_000;

/** @param {object} claims */
function jwt(claims) {
  return `header.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.signature`;
}

test("a token is renewed a minute before its end", () => {
  assert.equal(renewal(jwt({ exp: NOW / 1000 + 600, sub: "¿ü?>>>" }), NOW), 540_000);
});

test("one that is short is renewed in the middle", () => {
  assert.equal(renewal(jwt({ exp: NOW / 1000 + 60 }), NOW), 30_000);
});

test("one that has ended is renewed soon, and not in a tight loop", () => {
  assert.equal(renewal(jwt({ exp: NOW / 1000 - 5 }), NOW), 1000);
});

test("one that ends in a hundred years overflows no timer", () => {
  assert.ok(Number(renewal(jwt({ exp: NOW / 1000 + 3e9 }), NOW)) < 2 ** 31);
});

test("one that does not say is not renewed", () => {
  for (const token of ["", "opaque", "a.b.c", jwt({}), jwt({ exp: "soon" })]) assert.equal(renewal(token, NOW), undefined);
});
