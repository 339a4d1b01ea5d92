import { storedFile } from "./stored.js";
import { words } from "./wording.js";

/**
 * As a link to another tab does; a file that is saved leaves no empty one behind.
 *
 * @param {string} href
 */
export function followLink(href) {
  Object.assign(document.createElement("a"), { href, target: "_blank", rel: "noopener" }).click();
}

/**
 * A link was followed, also with the middle button, that its browser may not open yet: it is asked for first.
 *
 * @param {MouseEvent} click
 * @param {(href: string) => string | Promise<string>} admit an address that it may open; may reject with a `TaskError`
 * @returns {Promise<string>} why it is not opened, in words; "" where it is
 */
export async function openAdmitted(click, admit) {
  if (click.button > 1) return "";
  const { href } = /** @type {HTMLAnchorElement} */ (click.currentTarget);
  click.preventDefault();
  try {
    followLink(await admit(href));
    return "";
  } catch (error) {
    const { code, message } = /** @type {import("../client/main.js").TaskError} */ (error);
    // The task is there: whoever may not read it is told otherwise.
    return words.refusals[code === "unknown_task" ? "forbidden" : code] ?? message;
  }
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
