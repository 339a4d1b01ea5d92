import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { observed } from "../../frontend/element/attributes.js";

/** @param {string} path from the project's root */
const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const documented = read("docs/element.md");

/** @param {string[]} names */
const missing = (names) => names.filter((name) => !documented.includes(`\`${name}\``));

test("each attribute is described", () => {
  assert.deepEqual(missing(observed), []);
});

test("each event is described", () => {
  const dispatched = [...read("frontend/element/task-progress.js").matchAll(/#emit\("([\w-]+)"/g)].map((found) => found[1] ?? "");
  assert.deepEqual(missing(dispatched), []);
  assert.equal(dispatched.length, 5);
});

test("each part and slot is described", () => {
  const tree = read("frontend/element/tree.js");
  const parts = [...tree.matchAll(/make\(\s*"\w+ (\w+)"/g), ...tree.matchAll(/slot\("(\w+)"\)/g)].map((found) => found[1] ?? "");
  assert.deepEqual(missing(parts), []);
  assert.equal(parts.length, 24);
});

test("each colour is described, and has the value that is told", () => {
  const colours = [...read("frontend/element/style.js").matchAll(/var\((--task-[\w-]+), light-dark\((\S+), (\S+)\)\)/g)];
  assert.deepEqual(missing(colours.flatMap(([, ...told]) => told)), []);
  assert.equal(colours.length, 5);
});
