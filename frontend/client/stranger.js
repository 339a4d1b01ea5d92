/** Milliseconds that an answer may take. */
const ANSWER = 10_000;

/**
 * Whether the gateway is there, and lets no page of this origin read what it answers. A browser does not tell a page why
 * it was refused; but a request that nobody reads is answered, where one that is read is not.
 *
 * @param {URL} base of the gateway
 * @returns {Promise<boolean>}
 */
export async function isStranger(base) {
  if (!globalThis.location || base.origin === location.origin) return false;
  /** @param {RequestMode} mode */
  const answers = (mode) =>
    fetch(new URL("healthz", base), { mode, cache: "no-store", signal: AbortSignal.timeout(ANSWER) }).then(
      () => true,
      () => false,
    );
  return (await answers("no-cors")) && !(await answers("cors"));
}
