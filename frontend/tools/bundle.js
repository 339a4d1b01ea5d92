/**
 * What an installed gateway serves, as one folder: `node frontend/tools/bundle.js FOLDER`.
 *
 * What a page of somebody else's loads is one file, which keeps its name: each further one would cost a round trip on
 * a slow network. So each has a client of its own; they share its connection. The dashboard's files are named by their
 * content: a browser may keep those for ever.
 *
 * `node frontend/tools/bundle.js --page FOLDER` makes the live page of the application in `app/`, beside what is in the folder.
 */

import { cp, mkdir, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { argv } from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";

import { build } from "esbuild";

import { bundleDocument } from "./document.js";
import { fromHome } from "./home.js";
import { pack } from "./pack.js";

/** @import { BuildOptions } from "esbuild" */

export const FRONTEND = fileURLToPath(new URL("../", import.meta.url));

const MODULES = ["client/index.js", "element/index.js", "element/feed/index.js", "notify/index.js", "react.js"];
const FILES = ["favicon.svg", "favicon-unseen.svg", "icon.png", "taskbeam-sw.js", "LICENSE"];

/** What any bundle of ours is made with. @type {BuildOptions} */
export const OPTIONS = {
  absWorkingDir: FRONTEND,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  logLevel: "warning",
};

/** @param {string} folder is emptied first */
export async function bundle(folder) {
  await rm(folder, { recursive: true, force: true });
  for (const entry of MODULES) {
    const options = { ...OPTIONS, plugins: [fromHome(entry)], external: ["react"] };
    await build({ ...options, entryPoints: [entry], outfile: join(folder, entry) });
  }
  await bundleDocument("dashboard/dashboard.html", "chunks/dashboard", folder, OPTIONS);
  await bundleDocument("login/login.html", "chunks/login", folder, OPTIONS);
  await copy(FILES, folder);
  await pack(folder);
}

/** @param {string} folder to put it into, beside what is there */
export async function bundlePage(folder) {
  await bundleDocument("index.html", "page/page", folder, OPTIONS);
  await copy(["page/manifest.webmanifest"], folder);
  await pack(folder);
}

/** @param {string[]} files of the front end @param {string} folder */
async function copy(files, folder) {
  for (const file of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await cp(FRONTEND + file, join(folder, file));
  }
}

if (argv[1] && import.meta.url === pathToFileURL(argv[1]).href) {
  const [folder, page] = argv[2] === "--page" ? [argv[3], true] : [argv[2], false];
  if (!folder) throw new Error("usage: node frontend/tools/bundle.js [--page] FOLDER");
  await (page ? bundlePage : bundle)(resolve(folder));
}
