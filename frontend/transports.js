/**
 * The two ways to hear a task: one function each, both of the same shape.
 *
 * @typedef {object} Handlers
 * @property {() => void} opened
 * @property {(json: string) => void} message one event
 * @property {() => void} interrupted the browser is reconnecting by itself
 * @property {() => void} closed for good
 *
 * @typedef {(urls: {events: string, ws: string}, cursor: string | null, on: Handlers) => () => void} Transport
 *   opens at the first event after the cursor; returns how to close, after which no handler is called
 */

/** @type {Transport} */
function sse(urls, cursor, on) {
  const source = new EventSource(after(urls.events, cursor));
  source.onopen = () => on.opened();
  source.onmessage = (message) => on.message(message.data);
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) on.closed();
    else on.interrupted();
  };
  return () => source.close();
}

/** @type {Transport} */
function websocket(urls, cursor, on) {
  const socket = new WebSocket(after(urls.ws, cursor).replace(/^http/, "ws"));
  socket.onopen = () => on.opened();
  socket.onmessage = (message) => on.message(message.data);
  socket.onclose = () => on.closed();
  return () => {
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  };
}

/** @returns {string} the absolute URL with the cursor */
function after(path, cursor) {
  const url = new URL(path, location.href);
  if (cursor) url.searchParams.set("after", cursor);
  return url.href;
}

export const TRANSPORTS = { sse, websocket };
