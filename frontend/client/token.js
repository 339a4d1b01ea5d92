/** Milliseconds before its end that a token is renewed at the latest. */
const MARGIN = 60_000;
/** Milliseconds between two renewals at least, should the new token have ended, too. */
const SHORTEST = 1_000;
/** The longest time that a timer counts. */
const LONGEST = 2 ** 31 - 1;

/**
 * When a token is to be renewed: before its `exp`, Unix seconds (RFC 7519, 4.1.4).
 *
 * @param {string} token a JWT, or anything
 * @param {number} now ms
 * @returns {number | undefined} ms; undefined when it does not say
 */
export function renewal(token, now) {
  try {
    const [, payload = ""] = token.split(".");
    const left = JSON.parse(atob(payload.replace(/-/g, "+").replace(/_/g, "/"))).exp * 1000 - now;
    return Math.min(LONGEST, Math.max(SHORTEST, left - Math.min(MARGIN, left / 2))) || undefined; // NaN
  } catch {
    return undefined;
  }
}
