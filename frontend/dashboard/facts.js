/** What is said of one job beside its events. Pure. */
import { clock } from "./times.js";

/** @import { Details } from "./requests.js" */

/**
 * @typedef {{name: string, text: string, href?: string, elsewhere?: boolean}} Fact `elsewhere`: on another page than this one
 */

/** What is said where Celery keeps no arguments. */
export const NOT_KEPT = "Not kept: set result_extended in Celery's configuration.";

/** @param {Details} job @param {(change: Record<string, string>) => string} address @returns {Fact[]} */
export function facts(job, address) {
  const now = Date.now() / 1000;
  const over = job.ended !== undefined;
  const unknown = job.extended || !over ? "–" : NOT_KEPT;
  return [
    { name: "Sent", text: clock(job.sent, now) },
    { name: "Began", text: job.began === undefined ? "–" : clock(job.began, now) },
    { name: "Ended", text: job.ended === undefined ? "–" : clock(job.ended, now) },
    { name: "Attempt", text: String(job.attempt) },
    { name: "Worker", text: job.worker ?? unknown },
    { name: "Queue", text: job.queue ?? unknown },
    ...(job.again_of ? [{ name: "Repeats", text: job.again_of, href: address({ task: job.again_of }) }] : []),
    ...(job.run_again_as ? [{ name: "Run again as", text: job.run_again_as, href: address({ task: job.run_again_as }) }] : []),
    ...(job.owner ? [{ name: "Owner", text: job.owner, href: address({ owner: job.owner }) }] : []),
    ...(job.tags ?? []).map((tag) => ({ name: "Tag", text: tag, href: address({ tag }) })),
    ...elsewhere(job.ref ? "Reference in the log" : "Log", job.ref, job.links.log),
    // As tracing backends look for it: the id alone (W3C Trace Context).
    ...elsewhere("Trace", job.trace && (job.trace.split("-")[1] ?? job.trace), job.links.trace),
  ];
}

/** @param {string} name @param {string | undefined} text @param {string | undefined} href @returns {Fact[]} */
function elsewhere(name, text, href) {
  if (!href) return text ? [{ name, text }] : [];
  return [{ name, text: text ?? "Open", href, elsewhere: true }];
}

/** @param {Details} job @returns {string} why it failed; empty: it did not */
export function failureOf({ exception, message, code, hidden }) {
  if (!code && !exception) return "";
  const why = exception ?? (hidden.includes("exception") ? "The exception is hidden by the gateway's settings." : "");
  return [message && code ? `${message} (${code})` : "", why].filter(Boolean).join("\n");
}

/** @param {Details} job */
export function argumentsOf({ arguments: given, extended, ended, hidden }) {
  if (hidden.includes("arguments")) return "Hidden by the gateway's settings.";
  if (!given) return extended || ended !== undefined ? NOT_KEPT : "Known when a worker has stored them, with result_extended.";
  return `args    ${pretty(given.args)}\nkwargs  ${pretty(given.kwargs)}`;
}

/** Characters of JSON that stay in one line. */
const SHORT = 60;

/** @param {unknown} value */
export function pretty(value) {
  if (typeof value === "string") return value;
  const line = JSON.stringify(value);
  return line.length > SHORT ? JSON.stringify(value, null, 2) : line;
}
