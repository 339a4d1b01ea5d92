import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { after, before, test } from "node:test";

import { bundle } from "../../frontend/tools/bundle.js";
import { temporary } from "./packed.js";

/** @type {string} */
let folder;
/** Of each file, by its path in the bundle. @type {Map<string, string>} */
let contents;

/** @param {string} folder @returns {Promise<Map<string, string>>} */
async function read(folder) {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = found.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const texts = await Promise.all(paths.map((path) => readFile(path, "utf8")));
  return new Map(paths.map((path, index) => [relative(folder, path), texts[index] ?? ""]));
}

before(async () => {
  folder = await temporary();
  await bundle(folder);
  contents = await read(folder);
});
after(() => rm(folder, { recursive: true }));

test("the entries keep their names, and what they share is named by its content", () => {
  const names = [...contents.keys()].filter((name) => !/^chunks\/[\w-]+-[A-Z0-9]{8}\.js$/.test(name)).sort();
  assert.deepEqual(names, [
    ...["LICENSE", "client/index.js", "dashboard/dashboard.css", "dashboard/dashboard.html", "dashboard/dashboard.js"],
    ...["element/feed/index.js", "element/index.js", "favicon-unseen.svg", "favicon.svg", "icon.png", "look/journal.css", "look/theme.css", "notify/index.js", "react.js", "taskbeam-sw.js"],
  ]);
  assert.ok(contents.size > names.length);
});

test("no file is empty: each is a request", () => {
  assert.deepEqual([...contents].filter(([, text]) => !text).map(([name]) => name), []);
});

test("what a file refers to is there", () => {
  for (const [name, text] of contents) {
    const references = name.endsWith(".html") ? /(?:href|src)="([^"]+)"/g : /(?:from|import)"([^"]+)"/g;
    for (const [, path = ""] of text.matchAll(references)) {
      if (path === "react" || path === "../docs") continue; // the page's own, and the gateway's
      assert.ok(path.startsWith(".") && existsSync(join(folder, dirname(name), path)), `${name}: ${path}`);
    }
  }
});

test("the client is there once", () => {
  const having = [...contents].filter(([, text]) => text.includes("text/event-stream")).map(([name]) => name);
  assert.equal(having.length, 1);
  assert.match(having[0] ?? "", /^chunks\//);
});

test("what knows where it was loaded from is one level below the gateway", () => {
  const knowing = [...contents].filter(([, text]) => text.includes("import.meta")).map(([name]) => name);
  assert.deepEqual(knowing.map((name) => name.split("/").length), [2, 2]);
});

test("a page has nothing inline, so a strict policy holds", () => {
  const page = contents.get("dashboard/dashboard.html") ?? "";
  assert.doesNotMatch(page, /<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/);
});

test("the same sources make the same bundle", async () => {
  const other = await temporary();
  await bundle(other);
  assert.deepEqual(await read(other), contents);
  await rm(other, { recursive: true });
});
