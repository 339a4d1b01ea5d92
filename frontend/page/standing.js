/**
 * How it stands with who is told, in words. Pure.
 *
 * @typedef {object} Health times are Unix seconds
 * @property {number} [sent] when a message was last taken
 * @property {number} [failed] when one last was not
 * @property {string} [error] why not
 * @property {string} [disabled] why nothing is sent any more
 *
 * @typedef {(at: number) => string} When a moment in words
 */

/** @type {When} */
export function moment(at) {
  return new Date(at * 1000).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
}

/**
 * @param {Health} health
 * @param {When} [when]
 * @returns {string}
 */
export function lastDelivery({ sent }, when = moment) {
  return sent ? `Last delivery: ${when(sent)}.` : "Nothing was delivered yet.";
}

/**
 * @param {Health} health
 * @param {"device" | "webhook"} kind
 * @param {When} [when]
 * @returns {string} "" where nothing ever failed
 */
export function lastError({ failed, error }, kind, when = moment) {
  return failed ? `Last error: ${when(failed)}, ${reason(error ?? "", kind)}.` : "";
}

/** @param {Health} health @returns {boolean} whether the newest message was not taken */
export const isFailing = ({ sent = 0, failed = 0 }) => failed > sent;

/** What an answer means, as far as anybody can tell. @type {Record<string, string>} */
const OF_DEVICE = {
  "HTTP 400": "the push service does not understand the gateway",
  "HTTP 401": "the push service refuses the gateway’s key",
  "HTTP 403": "the push service refuses the gateway’s key",
  "HTTP 413": "the message was too large for the push service",
  "HTTP 429": "the push service asks for fewer messages",
};

/** @type {Record<string, string>} */
const OF_WEBHOOK = {
  "HTTP 401": "the service refuses the message",
  "HTTP 403": "the service refuses the message",
  "HTTP 404": "there is nothing at this address",
  "HTTP 410": "the service wants nothing any more",
  "HTTP 429": "the service asks for fewer messages",
};

/**
 * @param {string} answer as the gateway has it: `HTTP 500`, or why there was none
 * @param {"device" | "webhook"} kind
 * @returns {string}
 */
export function reason(answer, kind) {
  const known = (kind === "device" ? OF_DEVICE : OF_WEBHOOK)[answer];
  const who = kind === "device" ? "the push service" : "the service";
  if (known) return `${known} (${answer})`;
  if (/^HTTP 3/.test(answer)) return `${who} is elsewhere, and redirects are not followed (${answer})`;
  if (/^HTTP 5/.test(answer)) return `${who} has a fault of its own (${answer})`;
  if (/^HTTP/.test(answer)) return `${who} did not take it (${answer})`;
  return answer || "nobody knows why";
}

/**
 * Of which ends a webhook is told.
 *
 * @param {{states?: string[], names?: string[], tags?: string[]}} wanted
 * @returns {string}
 */
export function events({ states, names, tags }) {
  const ends = states ? states.join(", ") : "All ends";
  const of = [names && `of ${names.join(", ")}`, tags && `tagged ${tags.join(", ")}`].filter(Boolean).join(", ");
  return of ? `${ends} ${of}` : `${ends} of all jobs`;
}
