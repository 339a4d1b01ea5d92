import { pause } from "./backoff.js";
import { passing } from "./connection.js";

/** Milliseconds until a socket is given up that has not opened. */
const OPENING = 10_000;
/** Milliseconds of silence after which the gateway is asked for a sign of life, and then for its answer. */
const QUIET = 15_000;
const ANSWER = 5_000;

/**
 * One WebSocket for all tasks. A browser hides the protocol's own pings, so the client sends its own.
 *
 * @type {import("./connection.js").Open}
 */
export function openSocket(base, topics, listener) {
  const url = new URL("ws", base);
  url.protocol = url.protocol.replace("http", "ws");
  const socket = new WebSocket(url);
  /**
   * Tasks of which an answer is awaited: what comes before it belongs to the subscription that was. The value
   * is whether there is more to ask.
   *
   * @type {Map<string, boolean>}
   */
  const pending = new Map();
  /** Tasks of which the next event is the first that the journal has. @type {Set<string>} */
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

  /** Say what has become of a topic: one question at a time, so that each answer is to the last. @param {string} taskId */
  function sync(taskId) {
    if (!open) return;
    if (pending.has(taskId)) return void pending.set(taskId, true);
    pending.set(taskId, false);
    const topic = topics.get(taskId);
    beginning.delete(taskId);
    if (topic && !topic.after) beginning.add(taskId);
    send({ op: topic ? "subscribe" : "unsubscribe", task_id: taskId, after: topic?.after, token: topic?.token });
  }

  /** @param {string} taskId @returns {boolean} whether nothing else was asked since */
  function answered(taskId) {
    const more = pending.get(taskId);
    pending.delete(taskId);
    if (more) sync(taskId);
    return !more;
  }

  /** @param {any} message of the server's own */
  function handle({ op, task_id: taskId, code, message, reason }) {
    if (op === "subscribed" || reason === "asked") answered(taskId);
    else if (reason === "ended" && !pending.has(taskId)) listener.tell(taskId, { ended: true });
    else if (op === "error" && taskId && answered(taskId)) {
      if (passing(code)) setTimeout(() => sync(taskId), pause(3)); // the other tasks go on
      else listener.tell(taskId, { refused: { code, message } });
    }
  }

  socket.onopen = () => {
    open = true;
    listener.opened();
    for (const taskId of topics.keys()) sync(taskId);
    ping();
  };
  socket.onmessage = ({ data }) => {
    quietSince = Date.now();
    asked = 0;
    listener.heard();
    const message = JSON.parse(data);
    const taskId = message.task_id;
    if (message.op) handle(message);
    else if (!pending.has(taskId)) listener.tell(taskId, { event: message, first: beginning.delete(taskId) });
  };
  socket.onclose = () => listener.failed(open ? "cut" : "refused");

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
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    },
  };
}
