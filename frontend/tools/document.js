import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, posix, relative } from "node:path";

import { build } from "esbuild";

import { fromHome } from "./home.js";

/** @import { BuildOptions } from "esbuild" */

const STYLE = /^[ \t]*<link rel="stylesheet" href="([^"]+)">\n/gm;
const SCRIPT = /(?<=<script type="module"(?: async)? src=")[^"]+(?=">)/g;

/**
 * A page whose styles are one file, and each of whose scripts is one: a page that is ours names them, so their names can
 * change with their content.
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
  const sources = [...html.matchAll(SCRIPT)].map(([src]) => src);
  if (!sources.length || !styles.length) throw new Error(`${page} has no script or no styles`);
  const imports = styles.map((path) => `@import "./${path}";`).join("\n");
  const style = await built(name, { stdin: { contents: imports, resolveDir: absWorkingDir, loader: "css" } });
  /** @type {Map<string, string>} */
  const scripts = new Map();
  for (const src of sources) {
    const named = `${posix.dirname(name)}/${posix.basename(src, ".js")}`;
    scripts.set(src, await built(named, { entryPoints: [beside(page, src)] }));
  }
  let linked = false;
  const link = (/** @type {string} */ line, /** @type {string} */ href) => {
    const first = !linked;
    linked = true;
    return first ? line.replace(href, style) : "";
  };
  await mkdir(dirname(join(folder, page)), { recursive: true });
  await writeFile(join(folder, page), html.replace(STYLE, link).replace(SCRIPT, (src) => scripts.get(src) ?? src));

  /** @param {string} named @param {BuildOptions} source of one file @returns {Promise<string>} its address, from the page */
  async function built(named, source) {
    const { metafile } = await build({
      ...options,
      ...source,
      plugins: [fromHome(named)],
      outdir: folder,
      entryNames: `${named}-[hash]`,
      metafile: true,
    });
    const [file = ""] = Object.keys(metafile.outputs);
    return posix.relative(posix.dirname(page), relative(folder, join(absWorkingDir, file)));
  }
}

/** @param {string} page @param {string} address relative to it */
const beside = (page, address) => posix.join(posix.dirname(page), address);
