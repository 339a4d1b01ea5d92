import { readdir, readFile, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const TEXTS = new Set([".css", ".html", ".js", ".svg", ".webmanifest"]);

/** By the suffix that a gateway knows them by. @type {Record<string, (text: Uint8Array) => Promise<Uint8Array>>} */
const PACKERS = {
  ".br": (text) => promisify(brotliCompress)(text, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: text.length } }),
  ".gz": (text) => promisify(gzip)(text, { level: 9 }),
};

/** Put each text beside itself as brotli and as gzip, where that is smaller: a gateway compresses nothing. @param {string} folder */
export async function pack(folder) {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const { parentPath, name } of found.filter((entry) => entry.isFile() && TEXTS.has(extname(entry.name)))) {
    const path = join(parentPath, name);
    const text = await readFile(path);
    for (const [suffix, packer] of Object.entries(PACKERS)) {
      const packed = await packer(text);
      if (packed.length < text.length) await writeFile(path + suffix, packed);
    }
  }
}
