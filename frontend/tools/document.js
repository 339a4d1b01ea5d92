import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, posix, relative } from "node:path";

import { build } from "esbuild";

import { fromHome } from "./home.js";

/** @import { BuildOptions } from "esbuild" */

const STYLE = /^[ \t]*<link rel="stylesheet" href="([^"]+)">\n/gm;
const SCRIPT = /^([ \t]*)<script type="module"(?: async)? src="([^"]+)"><\/script>\n/gm;

/**
 * A page whose styles are one file, and each of whose scripts is one, beside what it loads later and what it has in common
 * with that: a page that is ours names them, so their names can change with their content.
 *
 * @param {string} page its path in the front end and in the folder
 * @param {string} name of its style in the folder, before the hash; the scripts are beside it
 * @param {string} folder
 * @param {BuildOptions} options
 */
export async function bundleDocument(page, name, folder, options) {
  const { absWorkingDir = "" } = options;
  const html = await readFile(join(absWorkingDir, page), "utf8");
  const styles = [...html.matchAll(STYLE)].map(([, href = ""]) => beside(page, href));
  const sources = [...html.matchAll(SCRIPT)].map(([, , src = ""]) => src);
  if (!sources.length || !styles.length) throw new Error(`${page} has no script or no styles`);
  const imports = styles.map((path) => `@import "./${path}";`).join("\n");
  const { file: style } = await built(`${name}-[hash]`, { stdin: { contents: imports, resolveDir: absWorkingDir, loader: "css" } });
  /** @type {Map<string, Awaited<ReturnType<typeof built>>>} */
  const scripts = new Map();
  for (const src of sources) {
    const names = `${posix.dirname(name)}/[name]-[hash]`;
    scripts.set(src, await built(names, { entryPoints: [beside(page, src)], splitting: true, chunkNames: names }));
  }
  let linked = false;
  const link = (/** @type {string} */ line, /** @type {string} */ href) => {
    const first = !linked;
    linked = true;
    return first ? line.replace(href, style) : "";
  };
  // What a script imports is asked for with it, and not when it has come.
  const load = (/** @type {string} */ line, /** @type {string} */ indent, /** @type {string} */ src) => {
    const { file = src, imported = [] } = scripts.get(src) ?? {};
    return imported.map((path) => `${indent}<link rel="modulepreload" href="${path}">\n`).join("") + line.replace(src, file);
  };
  await mkdir(dirname(join(folder, page)), { recursive: true });
  await writeFile(join(folder, page), html.replace(STYLE, link).replace(SCRIPT, load));

  /**
   * @param {string} names of the files
   * @param {BuildOptions} source of one
   * @returns {Promise<{file: string, imported: string[]}>} addresses from the page: its own, and of what it imports at once
   */
  async function built(names, source) {
    const { metafile } = await build({ ...options, ...source, plugins: [fromHome(name)], outdir: folder, entryNames: names, metafile: true });
    const address = (/** @type {string} */ path) => posix.relative(posix.dirname(page), relative(folder, join(absWorkingDir, path)));
    const [[file, { imports }] = ["", { imports: [] }]] = Object.entries(metafile.outputs).filter(([, { entryPoint }]) => entryPoint);
    return { file: address(file), imported: imports.filter(({ kind }) => kind === "import-statement").map(({ path }) => address(path)) };
  }
}

/** @param {string} page @param {string} address relative to it */
const beside = (page, address) => posix.join(posix.dirname(page), address);
