import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";

import { observed as listed } from "../../frontend/element/feed/properties.js";
import { observed } from "../../frontend/element/properties.js";

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
  assert.equal(parts.length, 27);
});

test("each colour is described, and has the value that is told", () => {
  const styles = read("frontend/element/sheet.js") + read("frontend/element/style.js");
  const colours = [...styles.matchAll(/var\((--task-[\w-]+), light-dark\((\S+), (\S+)\)\)/g)];
  assert.deepEqual(missing(colours.flatMap(([, ...told]) => told)), []);
  assert.equal(colours.length, 5);
});

describe("the list", () => {
  test("each attribute and property is described", () => {
    assert.deepEqual(missing([...listed, "getToken", "titleOf", "linkOf"]), []);
  });

  test("each event is described", () => {
    const dispatched = [...read("frontend/element/feed/task-feed.js").matchAll(/#emit\("([\w-]+)"/g)].map((found) => found[1] ?? "");
    assert.deepEqual(missing(dispatched), []);
    assert.equal(dispatched.length, 3);
  });

  test("each part is described", () => {
    const tree = read("frontend/element/feed/tree.js");
    const parts = [...tree.matchAll(/make\(\s*"\w+ (\w+)"/g), ...tree.matchAll(/piece\(\s*"\w+",\s*"(\w+)"/g)].map((found) => found[1] ?? "");
    assert.deepEqual(missing(parts), []);
    assert.equal(parts.length, 30);
  });
});
