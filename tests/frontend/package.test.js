import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { cp, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, test } from "node:test";

import { observed } from "../../frontend/element/properties.js";
import { PACKAGE, PROJECTS, pack, ROOT, run, temporary } from "./packed.js";

const TSC = [process.execPath, `${ROOT}node_modules/typescript/bin/tsc`, "--pretty", "false"];
/** The TypeScript before, which the checkers of Vue and Svelte are made with. */
const OLDER_TSC = [process.execPath, `${PROJECTS}node_modules/typescript/bin/tsc`, "--pretty", "false"];
const VUE_TSC = [process.execPath, `${PROJECTS}vue-tsc.cjs`, "--pretty", "false"];
const SVELTE_CHECK = [process.execPath, `${PROJECTS}node_modules/svelte-check/bin/svelte-check`, "--output", "machine"];

/** Milliseconds; each takes seconds on a machine that does nothing else. */
const timeout = 240_000;

before(() => pack(), { timeout });

/** @param {string} path in the package @returns {Promise<string>} */
const read = (path) => readFile(PACKAGE + path, "utf8");

/** @param {string} folder @returns {Promise<string[]>} */
async function files(folder) {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

describe("the package", () => {
  test("has what its users need, and nothing else", async () => {
    const expected = ["LICENSE", "README.md", "client", "custom-elements.json", "element", "notify", "package.json", "react", "taskbeam-sw.js", "types"];
    assert.deepEqual((await readdir(PACKAGE)).sort(), expected);
    const names = (await files(PACKAGE)).map((path) => path.slice(PACKAGE.length));
    assert.deepEqual(names.filter((name) => /^(client|element|notify|react)\//.test(name) && !name.endsWith(".js")), []);
    assert.deepEqual(names.filter((name) => name.startsWith("types/") && !name.endsWith(".d.ts")), []);
  });

  test("has every file that it exports", async () => {
    const { exports, customElements } = JSON.parse(await read("package.json"));
    const targets = Object.values(exports).flatMap((target) => (typeof target === "string" ? target : Object.values(target)));
    assert.deepEqual([...targets, customElements].filter((path) => !existsSync(PACKAGE + path)), []);
  });

  test("has nothing that only a module served by a gateway may have", async () => {
    for (const path of await files(PACKAGE)) {
      if (path.endsWith(".js")) assert.doesNotMatch(await readFile(path, "utf8"), /import\.meta|served\.js/, path);
    }
  });

  test("marks the hook as one for the browser", async () => {
    assert.match(await read("react/main.js"), /^"use client";/);
  });

  test("has a README whose links work anywhere", async () => {
    const links = [...(await read("README.md")).matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link);
    assert.deepEqual(links.filter((link) => !link?.startsWith("https://")), []);
  });

  test("may be imported where there is no browser", async () => {
    const script = `
      import { percent, UNHEARD } from "taskbeam";
      import { TaskProgress } from "taskbeam/element";
      import { useTask } from "taskbeam/react";
      import { TaskBell } from "taskbeam/notify";
      console.log(percent(UNHEARD), typeof TaskProgress, typeof useTask, typeof TaskBell);`;
    const { output } = await run([process.execPath, "--input-type=module", "-e", script], PROJECTS);
    assert.equal(output.trim(), "null function function function");
  });
});

describe("the manifest of the element", () => {
  /** @type {any} */
  let element;
  before(async () => {
    const { modules } = JSON.parse(await read("custom-elements.json"));
    const elements = modules.flatMap((/** @type {any} */ { declarations }) => declarations).filter((/** @type {any} */ { tagName }) => tagName);
    assert.deepEqual(elements.map((/** @type {any} */ { tagName }) => tagName).sort(), ["task-bell", "task-feed", "task-progress"]);
    element = elements.find((/** @type {any} */ { tagName }) => tagName === "task-progress");
    assert.equal(element.tagName, "task-progress");
  });
  /** @param {{name: string}[]} described @param {Iterable<string | undefined>} there */
  const same = (described, there) => assert.deepEqual(described.map(({ name }) => name).sort(), [...new Set(there)].sort());

  test("has each attribute, and the property beside it", () => {
    same(element.attributes, observed);
    const properties = element.members.map((/** @type {any} */ { name }) => name);
    for (const { fieldName } of element.attributes) assert.ok(properties.includes(fieldName), fieldName);
  });

  test("has each event", async () => {
    const dispatched = (await read("element/task-progress.js")).matchAll(/#emit\("([\w-]+)"/g);
    same(element.events, [...dispatched].map(([, name]) => name));
  });

  test("has each part and slot", async () => {
    const tree = await read("element/tree.js");
    const steps = await read("element/steps.js");
    const parts = [...tree.matchAll(/make\(\s*"\w+ (\w+)"/g), ...steps.matchAll(/piece\("([\w-]+)"|"li", { part: "(\w+)"/g)];
    same(element.cssParts, parts.map(([, name, other]) => name ?? other));
    const tones = ["waiting", "running", "done", "failed", "gone"];
    same(element.slots, [...tones, ...[...tree.matchAll(/slot\("(\w+)"\)/g)].map(([, name]) => name)]);
  });

  test("has each colour, and its value", async () => {
    const colours = ((await read("element/sheet.js")) + (await read("element/style.js"))).matchAll(/var\((--task-[\w-]+), (light-dark\(\S+, \S+\))\)/g);
    const values = Object.fromEntries([...colours].map(([, name, value]) => [name, value]));
    same(element.cssProperties, Object.keys(values));
    for (const each of element.cssProperties) assert.equal(each.default, values[each.name]);
  });
});

/**
 * The places where a checker found errors, and those where it was to: a line with `wrong:` says that the next one is.
 *
 * @param {string} folder
 * @param {string[]} checker
 */
async function checked(folder, checker) {
  const { output } = await run(checker, folder);
  const found = [...output.matchAll(/^(?:\d+ ERROR )?"?([\w.]+\.(?:tsx?|vue|svelte))"?[( ](\d+)[,:]\d+/gm)];
  /** @type {string[]} */
  const wrong = [];
  for (const name of await readdir(folder)) {
    if (!/\.(tsx?|vue|svelte)$/.test(name)) continue;
    const lines = (await readFile(join(folder, name), "utf8")).split("\n");
    lines.forEach((line, index) => line.includes("wrong:") && wrong.push(`${name}:${index + 2}`));
  }
  assert.ok(wrong.length > 0);
  const places = found.map(([, name, line]) => `${name}:${line}`);
  return { output, places: [...new Set(places)].sort(), wrong: wrong.sort() };
}

/** @param {string} folder @param {string[]} checker */
async function findsJustWhatIsWrong(folder, checker) {
  const { output, places, wrong } = await checked(folder, checker);
  assert.deepEqual(places, wrong, output);
}

describe("a checker finds what is wrong, and nothing else", { concurrency: 2, timeout }, () => {
  test("in a page without a framework, nor one installed", async () => {
    const folder = await temporary();
    await cp(`${PROJECTS}page`, `${folder}/page`, { recursive: true });
    await cp(`${PROJECTS}tsconfig.json`, `${folder}/tsconfig.json`);
    await cp(PACKAGE, `${folder}/node_modules/taskbeam`, { recursive: true });
    for (const tsc of [TSC, OLDER_TSC]) await findsJustWhatIsWrong(`${folder}/page`, tsc);
    await rm(folder, { recursive: true });
  });
  test("in React 19", async () => {
    for (const tsc of [TSC, OLDER_TSC]) await findsJustWhatIsWrong(`${PROJECTS}react`, tsc);
  });
  test("in React 18", () => findsJustWhatIsWrong(`${PROJECTS}react`, [...TSC, "--project", "tsconfig.18.json"]));
  test("in Vue", () => findsJustWhatIsWrong(`${PROJECTS}vue`, VUE_TSC));
  test("in Svelte", () => findsJustWhatIsWrong(`${PROJECTS}svelte`, [...SVELTE_CHECK, "--tsconfig", "./tsconfig.json"]));
});
