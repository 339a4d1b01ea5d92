/**
 * How much the client and the element weigh: `npm run size`. Fails when one is above its limit.
 *
 * Twice: as an application's own bundler makes them of the npm package, one minified file; and as an installed gateway
 * serves them, an entry and what it shares with the others. All gzipped.
 */

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

import { bundle, OPTIONS } from "../../frontend/tools/bundle.js";

/** @param {Uint8Array} bytes */
const zipped = (bytes) => gzipSync(bytes, { level: 9 }).length;

/** @param {string} entry of the npm package @returns {Promise<number>} bytes */
async function bundled(entry) {
  const { outputFiles = [] } = await build({ ...OPTIONS, entryPoints: [entry], write: false });
  return zipped(/** @type {Uint8Array} */ (outputFiles[0]?.contents));
}

/** @param {string} folder that holds the bundle @param {string} entry of it @returns {Promise<number>} bytes */
async function served(folder, entry) {
  const code = await readFile(join(folder, entry));
  const imported = [...String(code).matchAll(/from"(\.[^"]+)"/g)].map(([, path = ""]) => resolve("/", entry, "..", path));
  const sizes = await Promise.all([...new Set(imported)].map((path) => served(folder, path)));
  return sizes.reduce((sum, size) => sum + size, zipped(code));
}

/** @param {string} name @param {number} size bytes @param {number} limit bytes */
function report(name, size, limit) {
  console.log(`${name}: ${size} bytes of ${limit}`);
  if (size > limit) process.exitCode = 1;
}

const folder = await mkdtemp(join(tmpdir(), "taskbeam-"));
await bundle(folder);
const client = await bundled("client/main.js");
report("client, in an application", client, 6 * 1024);
report("element, more", (await bundled("element/main.js")) - client, 5 * 1024);
report("client, from a gateway", await served(folder, "client/index.js"), 6.25 * 1024);
report("element with its client, from a gateway", await served(folder, "element/index.js"), 11.25 * 1024);
await rm(folder, { recursive: true });
