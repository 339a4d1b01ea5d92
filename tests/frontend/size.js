/**
 * How much the client and the element weigh: `npm run size`. Fails when one is above its limit.
 *
 * Twice: as an application's own bundler makes them of the npm package, and as an installed gateway serves them. One
 * minified file each, gzipped.
 */

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

import { bundle, FRONTEND, OPTIONS } from "../../frontend/tools/bundle.js";

/** @param {Uint8Array} bytes */
const zipped = (bytes) => gzipSync(bytes, { level: 9 }).length;

/** @param {string} code of an application that imports the npm package @returns {Promise<number>} bytes */
async function bundled(code) {
  const { outputFiles = [] } = await build({ ...OPTIONS, stdin: { contents: code, resolveDir: FRONTEND }, write: false });
  return zipped(/** @type {Uint8Array} */ (outputFiles[0]?.contents));
}

/** @param {string} entry of the bundle @returns {Promise<number>} bytes */
const served = async (entry) => zipped(await readFile(join(folder, entry)));

/** @param {string} name @param {number} size bytes @param {number} limit bytes */
function report(name, size, limit) {
  console.log(`${name}: ${size} bytes of ${limit}`);
  if (size > limit) process.exitCode = 1;
}

const folder = await mkdtemp(join(tmpdir(), "taskbeam-"));
await bundle(folder);
const watch = await bundled('export { TaskError, watch } from "./client/main.js"');
const client = await bundled('export * from "./client/main.js"');
report("watch(), in an application", watch, 7.5 * 1024);
report("the client, all of it", client, 8.75 * 1024);
report("element, beside watch()", (await bundled('export * from "./element/main.js"')) - watch, 6.75 * 1024);
report("list, beside all of the client", (await bundled('export * from "./client/main.js"; export * from "./element/feed/main.js"')) - client, 7 * 1024);
report("client, from a gateway", await served("client/index.js"), 9.25 * 1024);
report("element with its client, from a gateway", await served("element/index.js"), 14.25 * 1024);
report("list with its client, from a gateway", await served("element/feed/index.js"), 16 * 1024);
await rm(folder, { recursive: true });
