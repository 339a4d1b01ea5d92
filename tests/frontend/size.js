/**
 * How much the client and the element weigh: `npm run size`. Fails when one is above its limit.
 *
 * The package ships its modules as they are, with comments, for there is no build step. What counts is what an
 * application's own bundler makes of them: one minified file, gzipped. The size as served, without a bundler,
 * stands beside it.
 */

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

const ROOT = fileURLToPath(new URL("../../frontend/", import.meta.url));
const KB = 1024;

/** @param {string} entry @returns {Promise<{bundled: number, served: number, modules: number}>} gzipped bytes */
async function weigh(entry) {
  const { metafile, outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
    metafile: true,
  });
  const modules = Object.keys(metafile.inputs);
  const sources = modules.map((module) => readFileSync(ROOT + module));
  const bundle = /** @type {Uint8Array} */ (outputFiles[0]?.contents);
  return { bundled: zipped(bundle), served: zipped(Buffer.concat(sources)), modules: modules.length };
}

/** @param {Uint8Array} bytes */
const zipped = (bytes) => gzipSync(bytes, { level: 9 }).length;

/** @param {string} name @param {{bundled: number, served: number, modules: number}} weight @param {number} limit KB */
function report(name, { bundled, served, modules }, limit) {
  const most = limit * KB;
  console.log(`${name}: ${bundled} bytes bundled, of ${most}; as served ${served}, in ${modules} modules (all gzipped)`);
  if (bundled > most) process.exitCode = 1;
}

const client = await weigh("client/main.js");
report("client", client, 6);
if (existsSync(`${ROOT}element/main.js`)) {
  const both = await weigh("element/main.js");
  report(
    "element, more",
    {
      bundled: both.bundled - client.bundled,
      served: both.served - client.served,
      modules: both.modules - client.modules,
    },
    5,
  );
}
