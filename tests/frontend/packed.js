/** The npm package, packed as it is published, and unpacked where the projects of the tests find it. */

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
export const PROJECTS = `${ROOT}tests/frontend/projects/`;
/** Nearer to the projects than the workspace itself, which is in the root's node_modules. */
export const PACKAGE = `${PROJECTS}node_modules/taskbeam/`;

/** The npm that runs us, or any. */
const NPM = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ["npm"];

/**
 * @param {string[]} argv
 * @param {string} cwd
 * @returns {Promise<{status: number, output: string}>} what it printed, and how it ended
 */
export async function run([command = "", ...args], cwd) {
  const options = { cwd, env: { ...process.env, NO_COLOR: "1", NODE_ENV: "production" }, maxBuffer: 1 << 24 };
  try {
    const { stdout, stderr } = await promisify(execFile)(command, args, options);
    return { status: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = /** @type {any} */ (error);
    return { status: code, output: `${stdout}${stderr}` };
  }
}

/**
 * Pack, and unpack.
 *
 * @param {string} [target]
 * @param {string[]} [options] of `npm pack`
 */
export async function pack(target = PACKAGE, options = []) {
  const folder = await temporary();
  const argv = [...NPM, "pack", "--silent", "--pack-destination", folder, ...options];
  const { status, output } = await run(argv, `${ROOT}frontend`);
  const [tarball = ""] = await readdir(folder);
  if (status !== 0 || !tarball) throw new Error(output);
  await unpack(join(folder, tarball), target);
  await rm(folder, { recursive: true });
}

/** @param {string} tarball @param {string} folder */
async function unpack(tarball, folder) {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const { status, output } = await run(["tar", "-xzf", tarball, "--strip-components=1", "-C", folder], ROOT);
  if (status !== 0) throw new Error(output);
}

/** @returns {Promise<string>} an empty folder outside the project */
export function temporary() {
  return mkdtemp(join(tmpdir(), "taskbeam-"));
}
