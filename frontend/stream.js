import { TRANSPORTS } from "./transports.js";

/** Milliseconds before reconnection n is at most FIRST_PAUSE * 2^n, and never above LONGEST_PAUSE. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;

/**
 * Follows one task up to its final event, across lost connections and changes of transport.
 *
 * The cursor (the id of the last event seen) is all it keeps: every connection asks for what comes after it.
 *
 * @typedef {"connecting" | "live" | "waiting" | "ended" | "gone"} Line
 *   how the connection is; `gone`: the gateway has no such task
 * @typedef {object} Listener
 * @property {(event: object, transport: string) => void} heard
 * @property {(line: Line, transport: string) => void} line
 */
export class TaskStream {
  #urls;
  #transport;
  #listener;
  #cursor = null;
  #failures = 0;
  #ended = false;
  #leave = () => {};

  /** @param {{self: string, events: string, ws: string}} urls @param {Listener} listener */
  constructor(urls, transport, listener) {
    this.#urls = urls;
    this.#transport = transport;
    this.#listener = listener;
  }

  get transport() {
    return this.#transport;
  }

  get ended() {
    return this.#ended;
  }

  /** Connect where the cursor stands; also leaves the connection there was. */
  connect() {
    this.#leave();
    this.#tell("connecting");
    this.#leave = TRANSPORTS[this.#transport](this.#urls, this.#cursor, {
      opened: () => this.#tell("live"),
      message: (json) => this.#heard(JSON.parse(json)),
      interrupted: () => this.#tell("connecting"),
      closed: () => this.#closed(),
    });
  }

  /** Go on over another transport, from the same cursor. */
  hop(transport) {
    if (this.#ended || transport === this.#transport) return;
    this.#transport = transport;
    this.connect();
  }

  stop(line = "ended") {
    this.#ended = true;
    this.#leave();
    this.#tell(line);
  }

  #heard(event) {
    this.#cursor = event.id;
    this.#failures = 0;
    this.#listener.heard(event, this.#transport);
    if (event.final) this.stop();
  }

  /** An EventSource hides why it was closed, so ask: that is one rule for both transports. */
  async #closed() {
    let left = false;
    this.#leave = () => (left = true);
    this.#tell("waiting");
    const line = await standing(this.#urls.self, this.#cursor);
    if (left) return;
    if (line === "waiting") this.#connectLater();
    else this.stop(line);
  }

  /** Full jitter, so that the clients of a restarted gateway do not come back all at once. */
  #connectLater() {
    const longest = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.#failures++);
    const timer = setTimeout(() => this.connect(), Math.random() * longest);
    this.#leave = () => clearTimeout(timer);
  }

  #tell(line) {
    this.#listener.line(line, this.#transport);
  }
}

/** @returns {Promise<Line>} what a client with this cursor has to expect of a task */
async function standing(url, cursor) {
  try {
    const response = await fetch(url);
    if (response.status === 404 || response.status === 410) return "gone";
    const { final, last_event_id: last } = await response.json();
    return final && last === cursor ? "ended" : "waiting";
  } catch {
    return "waiting";
  }
}
