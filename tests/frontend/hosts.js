/**
 * The examples, built as somebody who copies them does: `node tests/frontend/hosts.js FOLDER`, outside the project. They
 * have the packed npm package; what else they import is found in the folder's `node_modules`, a link to the project's.
 *
 * The example of Next is not built by Next here, which is 340 MB (`make next`). What Next does with it is: its component is rendered
 * in Node, and that HTML is hydrated in the browser.
 */

import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { argv, chdir } from "node:process";
import { pathToFileURL } from "node:url";

import * as esbuild from "esbuild";
import { build } from "vite";

import { pack, ROOT } from "./packed.js";

const RENDER = `
  import { renderToString } from "react-dom/server";
  import { Report } from "./next/app/Report.jsx";
  export const render = (task) => renderToString(<Report task={task} />);
`;

const HYDRATE = `
  import { hydrateRoot } from "react-dom/client";
  import { Report } from "../next/app/Report.jsx";
  const main = document.querySelector("main");
  hydrateRoot(main, <Report task={main.dataset.task} />);
`;

/** @param {string} html of the server @param {string} [task] */
const page = (html, task) => `<!doctype html>
<link rel="icon" href="data:,">
<main${task ? ` data-task="${task}"` : ""}>${html}</main>
<script type="module" src="main.jsx"></script>
`;

/** @param {string} folder that has the examples; gets their `dist` */
async function hosts(folder) {
  await pack(join(folder, "node_modules/taskbeam"), ["--ignore-scripts"]); // what runs needs no types
  const server = join(folder, "server.mjs");
  const bundled = { bundle: true, platform: "node", format: "esm", packages: "external", jsx: "automatic" };
  await esbuild.build({ .../** @type {esbuild.BuildOptions} */ (bundled), stdin: { contents: RENDER, resolveDir: folder, loader: "jsx" }, outfile: server });
  const { render } = await import(pathToFileURL(server).href);
  await mkdir(join(folder, "hydrated"));
  await writeFile(join(folder, "hydrated/main.jsx"), HYDRATE);
  await writeFile(join(folder, "hydrated/index.html"), page(render()));
  await writeFile(join(folder, "hydrated/linked.html"), page(render("TASK"), "TASK"));
  chdir(folder);
  const input = ["hydrated/index.html", "hydrated/linked.html"];
  const checks = { bundlerTimings: false, pluginTimings: false }; // a slow machine is nothing to warn of
  await build({ logLevel: "warn", build: { rolldownOptions: { input, checks } } });
}

const folder = argv[2];
if (!folder) throw new Error("usage: node tests/frontend/hosts.js FOLDER");
await mkdir(folder, { recursive: true });
await symlink(`${ROOT}node_modules`, join(folder, "../node_modules"));
const filter = (/** @type {string} */ path) => !/[\\/](node_modules|dist)$/.test(path);
await cp(`${ROOT}frontend/examples`, folder, { recursive: true, filter });
await hosts(folder);
