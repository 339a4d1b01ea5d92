import { addressOf, RESERVED } from "./socket.js";
import { canShare, PROTOCOL } from "./tabs.js";

/** Milliseconds for which it waits for a client. */
const WAITS = 10_000;

/**
 * Open a page's socket before its client has come: where that takes a while, an event is seen a round trip sooner. Not
 * where another tab has a connection for all.
 *
 * @param {URL} base of the gateway
 */
export async function reserve(base) {
  const page = /** @type {any} */ (globalThis);
  const { held = [] } = canShare() ? await navigator.locks.query() : {};
  const begun = Symbol.for(PROTOCOL) in page;
  if (begun || held.some(({ name }) => name === `${PROTOCOL} ${base.href}`)) return;
  const address = addressOf(base);
  const socket = new WebSocket(address);

  /** @param {string} asked @returns {WebSocket | undefined} the socket to there, once */
  function give(asked) {
    delete page[RESERVED];
    if (asked !== address) return void socket.close();
    if (socket.readyState > WebSocket.OPEN) return undefined;
    // One that was opened before says so no more.
    if (socket.readyState === WebSocket.OPEN) queueMicrotask(() => socket.dispatchEvent(new Event("open")));
    return socket;
  }
  page[RESERVED] = give;
  setTimeout(() => page[RESERVED] === give && give(""), WAITS);
}
