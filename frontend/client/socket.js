import { OPEN_TIMEOUT, passing } from "./connection.js";

/** Milliseconds of silence after which the gateway is asked for a sign of life, and then for its answer. */
const QUIET = 15_000;
const ANSWER = 8_000;

/**
 * One WebSocket for all tasks. A browser hides the protocol's own pings, so the client sends its own.
 *
 * @type {import("./connection.js").Open}
 */
export function openSocket(base, topics, ear) {
  const url = new URL("ws", base);
  url.protocol = url.protocol.replace("http", "ws");
  const socket = new WebSocket(url);
  /**
   * Subscriptions that are not acknowledged: what comes before that belongs to the one they replace. The value
   * is whether another is to follow.
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

  /** @param {string} taskId */
  function ask(taskId) {
    if (pending.has(taskId)) pending.set(taskId, true);
    else if (open) {
      const { after, token } = /** @type {import("./connection.js").Topic} */ (topics.get(taskId));
      pending.set(taskId, false);
      beginning.delete(taskId);
      if (!after) beginning.add(taskId);
      send({ op: "subscribe", task_id: taskId, after, token });
    }
  }

  /** @param {string} taskId @returns {boolean} whether the answer is to the newest question */
  function answered(taskId) {
    const again = pending.get(taskId);
    pending.delete(taskId);
    if (again) ask(taskId);
    return !again;
  }

  /** @param {any} message of the server's own */
  function obey({ op, task_id: taskId, code, message, reason }) {
    if (op === "subscribed") answered(taskId);
    else if (op === "unsubscribed" && reason === "ended" && !pending.has(taskId)) ear.tell(taskId, { ended: true });
    else if (op === "error" && topics.has(taskId) && answered(taskId)) {
      if (passing(code)) ear.failed("cut");
      else ear.tell(taskId, { refused: { code, message } });
    }
  }

  socket.onopen = () => {
    open = true;
    ear.opened();
    for (const taskId of topics.keys()) ask(taskId);
    ping();
  };
  socket.onmessage = ({ data }) => {
    quietSince = Date.now();
    asked = 0;
    ear.heard();
    const message = JSON.parse(data);
    const taskId = message.task_id;
    if (message.op) obey(message);
    else if (!pending.has(taskId)) ear.tell(taskId, { event: message, first: beginning.delete(taskId) });
  };
  socket.onclose = () => ear.failed(open ? "cut" : "refused");

  return {
    ask,
    forget(taskId) {
      pending.delete(taskId);
      if (socket.readyState === WebSocket.OPEN) send({ op: "unsubscribe", task_id: taskId });
    },
    check(hurry) {
      const now = Date.now();
      if (!open) {
        if (now - quietSince > OPEN_TIMEOUT) ear.failed("refused");
      } else if (asked) {
        if (now - asked > ANSWER) ear.failed("silent");
      } else if (hurry || now - quietSince > QUIET) ping();
    },
    close() {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    },
  };
}
