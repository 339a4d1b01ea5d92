import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { after, before, test } from "node:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";

import { bundle, bundlePage } from "../../frontend/tools/bundle.js";
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

/** Without those that are another one compressed. */
const names = () => [...contents.keys()].filter((name) => !/\.(br|gz)$/.test(name)).sort();

test("what pages of others load keeps its name, and what a page of ours loads is named by its content", () => {
  assert.deepEqual(names().map((name) => name.replace(/-[A-Z0-9]{8}\./, "-HASH.")).sort(), [
    ...["LICENSE", "chunks/dashboard-HASH.css", "chunks/dashboard-HASH.js", "chunks/login-HASH.css", "chunks/login-HASH.js", "client/index.js", "dashboard/dashboard.html"],
    ...["element/feed/index.js", "element/index.js", "favicon-unseen.svg", "favicon.svg", "icon.png", "login/login.html", "notify/index.js", "react.js", "taskbeam-sw.js"],
  ]);
});

test("each module is one file: nothing is asked for behind it", () => {
  for (const name of names().filter((name) => name.endsWith(".js"))) {
    const imported = new Set([...(contents.get(name) ?? "").matchAll(/(?:from|import) ?\(?"([^"]+)"/g)].map(([, path]) => path));
    assert.deepEqual([...imported], name === "react.js" ? ["react"] : [], name);
  }
});

test("each text is there compressed, too", async () => {
  for (const name of names().filter((name) => /\.(css|html|js|svg)$/.test(name))) {
    const text = await readFile(join(folder, name));
    assert.deepEqual(brotliDecompressSync(await readFile(join(folder, `${name}.br`))), text);
    assert.deepEqual(gunzipSync(await readFile(join(folder, `${name}.gz`))), text);
  }
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

test("what knows where it was loaded from finds the gateway there", () => {
  const ups = new Map([...contents].map(([name, text]) => [name, [...text.matchAll(/new URL\("([./]+)", ?import\.meta\.url\)/g)].map(([, up]) => up)]));
  for (const [name, found] of ups) for (const up of found) assert.equal(String(new URL(up ?? "", `https://a/b/${name}`)), "https://a/b/", name);
  const knowing = [...ups].filter(([, found]) => found.length).map(([name]) => name.replace(/-[A-Z0-9]{8}\./, "."));
  assert.deepEqual(knowing.sort(), ["chunks/dashboard.js", "client/index.js", "element/feed/index.js", "element/index.js", "notify/index.js", "react.js"]);
});

test("a page has nothing inline, so a strict policy holds", () => {
  const page = contents.get("dashboard/dashboard.html") ?? "";
  assert.doesNotMatch(page, /<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/);
});

test("the live page is one style and one script, a short one before, and what it shares with what is loaded late", async () => {
  const page = await temporary();
  await bundlePage(page);
  const html = (await read(page)).get("index.html") ?? "";
  const loaded = [...html.matchAll(/<(?:script|link)[^>]+(?:src|href)="(page\/[^"]+(?:js|css))"/g)].map(([, path = ""]) => path);
  assert.deepEqual(loaded.map((path) => path.replace(/-[A-Z0-9]{8}\./, ".")).sort(), ["page/chunk.js", "page/early.js", "page/page.css", "page/page.js"]);
  for (const path of loaded) assert.ok(existsSync(join(page, path)), path);
  const script = loaded.find((path) => path.includes("/page-") && path.endsWith(".js")) ?? "";
  const imported = [...(await readFile(join(page, script), "utf8")).matchAll(/(?:from|import)\(?"\.\/(\w+)-/g)].map(([, name]) => name);
  assert.deepEqual([...new Set(imported)].sort(), ["chunk", "late"]);
  await rm(page, { recursive: true });
});

test("the same sources make the same bundle", async () => {
  const other = await temporary();
  await bundle(other);
  assert.deepEqual(await read(other), contents);
  await rm(other, { recursive: true });
});
