import { pause } from "./backoff.js";
import { passing } from "./connection.js";
import { members, topicOf } from "./topic.js";

/** Milliseconds until a socket is given up that has not opened. */
const OPENING = 10_000;
/** Milliseconds of silence after which the gateway is asked for a sign of life, and then for its answer. */
const QUIET = 15_000;
const ANSWER = 5_000;

/** By it a page has a socket that it opened before this module came: `reserve.js`. */
export const RESERVED = Symbol.for("taskbeam.socket");

/** @param {URL} base of the gateway */
export const addressOf = (base) => new URL("ws", base).href.replace("http", "ws");

/**
 * One WebSocket for all topics. A browser hides the protocol's own pings, so the client sends its own.
 *
 * @type {import("./connection.js").Open}
 */
export function openSocket(base, topics, listener) {
  const address = addressOf(base);
  /** @type {WebSocket} */
  const socket = /** @type {any} */ (globalThis)[RESERVED]?.(address) ?? new WebSocket(address);
  /**
   * Topics of which an answer is awaited: what comes before it belongs to the subscription that was. The value
   * is whether there is more to ask.
   *
   * @type {Map<string, boolean>}
   */
  const pending = new Map();
  /** Topics of which the next event with an id is the first that the journal has. @type {Set<string>} */
  const beginning = new Set();
  let quietSince = Date.now();
  let asked = 0;
  let open = false;

  /** @param {object} message */
  const send = (message) => socket.send(JSON.stringify(message));
  const ping = () => {
    asked = Date.now();
    send({ op: "ping" });
  };

  /** Say what has become of a topic: one question at a time, so that each answer is to the last. @param {string} name */
  function sync(name) {
    if (!open) return;
    if (pending.has(name)) return void pending.set(name, true);
    pending.set(name, false);
    const topic = topics.get(name);
    beginning.delete(name);
    if (topic && !topic.after) beginning.add(name);
    send({ op: topic ? "subscribe" : "unsubscribe", ...members(name), after: topic?.after, token: topic?.token });
  }

  /** @param {string} name @returns {boolean} whether nothing else was asked since */
  function answered(name) {
    const more = pending.get(name);
    pending.delete(name);
    if (more) sync(name);
    return !more;
  }

  /** @param {string} name what it is about, if anything @param {any} message of the server's own */
  function handle(name, { op, code, message, reason }) {
    if (op === "subscribed" || reason === "asked") answered(name);
    else if (reason === "ended" && !pending.has(name)) listener.tell(name, { ended: true });
    else if (op === "error" && (topics.has(name) || pending.has(name)) && answered(name)) {
      if (passing(code)) setTimeout(() => sync(name), pause(3)); // the others go on
      else listener.tell(name, { refused: { code, message } });
    }
  }

  socket.onopen = () => {
    open = true;
    listener.opened();
    for (const name of topics.keys()) sync(name);
    ping();
  };
  socket.onmessage = ({ data }) => {
    quietSince = Date.now();
    asked = 0;
    listener.heard();
    const message = JSON.parse(data);
    const name = topicOf(message);
    if (message.op) handle(name, message);
    else if (!pending.has(name)) listener.tell(name, { event: message, first: !!message.id && beginning.delete(name) });
  };
  // A page whose Content-Security-Policy forbids the socket hears of an error, and of no end.
  socket.onerror = socket.onclose = () => listener.failed(open ? "cut" : "refused");

  return {
    ask: sync,
    forget: sync,
    check(hurry) {
      const now = Date.now();
      if (!open) {
        if (now - quietSince > OPENING) listener.failed("refused");
      } else if (asked) {
        if (now - asked > ANSWER) listener.failed("silent");
      } else if (hurry || now - quietSince > QUIET) ping();
    },
    close() {
      open = false;
      socket.onopen = socket.onmessage = socket.onerror = socket.onclose = null;
      socket.close();
    },
  };
}
