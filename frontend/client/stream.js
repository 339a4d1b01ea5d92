import { openRequests } from "./requests.js";
import { crowded } from "./turns.js";

/** Milliseconds between the gateway's heartbeats are 15,000; after this much silence something holds them back. */
const SILENCE = 40_000;
/** The same on a connection that has brought nothing yet: its answer is due at once, and an event if none was had. */
const FIRST_EVENT = 5_000;
const FIRST_BEAT = 20_000;
/** Milliseconds that a stream is held while other tasks wait for a connection. */
const TURN = 2_000;

/** An event stream by fetch: an EventSource hides heartbeats and answers, and sends no Authorization. */
export const openStream = openRequests(async (ask, topic) => {
  const asked = ask.get({}, "text/event-stream");
  if (ask.unproven) ask.patience(FIRST_EVENT);
  const response = await asked;
  if (response.status === 204) return true;
  ask.patience(!ask.unproven ? SILENCE : topic.after === null ? FIRST_EVENT : FIRST_BEAT);
  const limit = setInterval(() => crowded() && ask.giveUp(), TURN);
  try {
    return await read(/** @type {ReadableStream<Uint8Array>} */ (response.body), ask);
  } finally {
    clearInterval(limit);
  }
});

/**
 * @param {ReadableStream<Uint8Array>} body
 * @param {import("./requests.js").Ask} ask
 * @returns {Promise<boolean>}
 */
async function read(body, ask) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let data = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) throw new Error("The stream was cut.");
    ask.patience(SILENCE);
    ask.heard();
    const lines = (text + decoder.decode(value, { stream: true })).split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("data: ")) data = line.slice(6);
      else if (line === "" && data) {
        const event = JSON.parse(data);
        data = "";
        ask.event(event);
        if (event.final) return true;
      }
    }
  }
}
