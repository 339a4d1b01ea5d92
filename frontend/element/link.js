import { storedFile } from "./stored.js";

/**
 * As a link to another tab does; a file that is saved leaves no empty one behind.
 *
 * @param {string} href
 */
export function followLink(href) {
  Object.assign(document.createElement("a"), { href, target: "_blank", rel: "noopener" }).click();
}

/**
 * Where a result is to be had: its `url`, `download_url`, else the first member whose name ends in `_url`.
 *
 * A result is the task's word, not ours: only http and https become a link, never `javascript:`.
 *
 * @param {any} result
 * @param {string | URL} base the gateway, which a relative address is relative to
 * @param {string} taskId
 * @param {readonly string[]} [files] that the result names: they are had through the job
 * @returns {string} "" for none
 */
export function resultLink(result, base, taskId, files) {
  if (!result || typeof result !== "object") return "";
  const other = Object.keys(result).find((name) => name.endsWith("_url"));
  const address = result.url ?? result.download_url ?? (other && result[other]);
  const file = storedFile(address, taskId, files, base);
  if (file) return file;
  const { href = "" } = address && typeof address === "string" && URL.canParse(address, base) ? new URL(address, base) : {};
  return /^https?:/.test(href) ? href : "";
}
