import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, posix, relative } from "node:path";

import { build } from "esbuild";

import { fromHome } from "./home.js";

/** @import { BuildOptions } from "esbuild" */

const STYLE = /^[ \t]*<link rel="stylesheet" href="([^"]+)">\n/gm;
const SCRIPT = /(<script type="module" src=")([^"]+)(">)/;

/**
 * A page whose styles are one file, and whose script is one: a page that is ours names them, so their names can change
 * with their content.
 *
 * @param {string} page its path in the front end and in the folder
 * @param {string} name of the two files in the folder, before the hash
 * @param {string} folder
 * @param {BuildOptions} options
 */
export async function bundleDocument(page, name, folder, options) {
  const { absWorkingDir = "" } = options;
  const html = await readFile(join(absWorkingDir, page), "utf8");
  const [, , src] = html.match(SCRIPT) ?? [];
  const styles = [...html.matchAll(STYLE)].map(([, href = ""]) => beside(page, href));
  if (!src || !styles.length) throw new Error(`${page} has no script or no styles`);
  const script = await built({ entryPoints: [beside(page, src)] });
  const imports = styles.map((path) => `@import "./${path}";`).join("\n");
  const style = await built({ stdin: { contents: imports, resolveDir: absWorkingDir, loader: "css" } });
  let linked = false;
  const link = (/** @type {string} */ line, /** @type {string} */ href) => {
    const first = !linked;
    linked = true;
    return first ? line.replace(href, style) : "";
  };
  await mkdir(dirname(join(folder, page)), { recursive: true });
  await writeFile(join(folder, page), html.replace(STYLE, link).replace(SCRIPT, `$1${script}$3`));

  /** @param {BuildOptions} source of one file @returns {Promise<string>} its address, from the page */
  async function built(source) {
    const { metafile } = await build({
      ...options,
      ...source,
      plugins: [fromHome(name)],
      outdir: folder,
      entryNames: `${name}-[hash]`,
      metafile: true,
    });
    const [file = ""] = Object.keys(metafile.outputs);
    return posix.relative(posix.dirname(page), relative(folder, join(absWorkingDir, file)));
  }
}

/** @param {string} page @param {string} address relative to it */
const beside = (page, address) => posix.join(posix.dirname(page), address);
