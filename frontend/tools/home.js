import { readFile } from "node:fs/promises";
import { posix } from "node:path";

/** @import { Plugin } from "esbuild" */

/** Where `client/served.js` says that the gateway is, seen from itself. */
const UP = '"../"';

/**
 * `client/served.js` becomes a part of the file that imports it, which may be at another depth.
 *
 * @param {string} entry the file's path, as it is served
 * @returns {Plugin}
 */
export function fromHome(entry) {
  const up = posix.relative(posix.dirname(entry), ".");
  return {
    name: "from-home",
    setup(build) {
      build.onLoad({ filter: /[\\/]client[\\/]served\.js$/ }, async ({ path }) => {
        const source = await readFile(path, "utf8");
        if (!source.includes(UP)) throw new Error(`${path} does not say where the gateway is`);
        return { contents: source.replace(UP, JSON.stringify(up ? `${up}/` : "./")) };
      });
    },
  };
}
