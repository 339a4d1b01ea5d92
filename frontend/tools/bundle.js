/**
 * What an installed gateway serves, as one folder: `node frontend/tools/bundle.js FOLDER`.
 *
 * The entries keep their names, for pages refer to them. What they share is in `chunks/`, whose names change with their
 * content: a browser may keep those for ever, and has to ask again for the entries only.
 */

import { cp, mkdir, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { argv } from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";

import { build } from "esbuild";

/** @import { BuildOptions, Metafile } from "esbuild" */

export const FRONTEND = fileURLToPath(new URL("../", import.meta.url));

const MODULES = ["client/index.js", "element/index.js", "element/feed/index.js", "react.js", "dashboard/dashboard.js"];
/** Shares nothing: it is small, few pages load it, and a chunk more would make each of the others larger. */
const ALONE = ["notify/index.js"];
const STYLES = ["look/theme.css", "look/journal.css", "dashboard/dashboard.css"];
const FILES = ["dashboard/dashboard.html", "favicon.svg", "favicon-unseen.svg", "icon.png", "taskbeam-sw.js", "LICENSE"];

/** What any bundle of ours is made with. @type {BuildOptions} */
export const OPTIONS = {
  absWorkingDir: FRONTEND,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  metafile: true,
  logLevel: "warning",
};

/**
 * @param {string} folder is emptied first
 * @returns {Promise<Metafile>} what became of which module; paths are relative to `FRONTEND`
 */
export async function bundle(folder) {
  await rm(folder, { recursive: true, force: true });
  const { metafile } = await build({
    ...OPTIONS,
    entryPoints: [...MODULES, ...STYLES],
    outbase: FRONTEND,
    outdir: folder,
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
    external: ["react"],
  });
  await build({ ...OPTIONS, entryPoints: ALONE, outbase: FRONTEND, outdir: folder });
  for (const file of FILES) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await cp(FRONTEND + file, join(folder, file));
  }
  return /** @type {Metafile} */ (metafile);
}

if (argv[1] && import.meta.url === pathToFileURL(argv[1]).href) {
  if (!argv[2]) throw new Error("usage: node frontend/tools/bundle.js FOLDER");
  await bundle(resolve(argv[2]));
}
