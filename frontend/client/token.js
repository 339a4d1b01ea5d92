/** Milliseconds before its end that a token is renewed at the latest. */
const MARGIN = 60_000;
/** The longest time that a timer counts. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * @param {string | undefined} token a JWT, or anything
 * @param {number} now ms
 * @returns {number | undefined} ms until it is to be renewed; undefined when it does not say
 */
export function renewal(token, now) {
  const exp = token && expiry(token);
  if (!exp) return undefined;
  const left = exp * 1000 - now;
  return Math.min(LONGEST_TIMER, Math.max(0, left - Math.min(MARGIN, left / 2)));
}

/** @param {string} token @returns {number | undefined} its `exp`, Unix seconds (RFC 7519, 4.1.4) */
function expiry(token) {
  try {
    const payload = token.split(".")[1] ?? "";
    const { exp } = JSON.parse(atob(payload.replace(/-/g, "+").replace(/_/g, "/")));
    return typeof exp === "number" ? exp : undefined;
  } catch {
    return undefined;
  }
}
