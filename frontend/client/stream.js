import { TaskError } from "./errors.js";
import { openRequests } from "./requests.js";
import { crowded } from "./turns.js";

/** @import { Run } from "./requests.js" */

/** Milliseconds after which something holds the stream back: the gateway's heart beats every 15,000. */
const SILENCE = 25_000;
/** The same where something is due at once: an answer (the gateway gives Redis 5,000), and the first event of all. */
const FIRST = 7_000;
/** Milliseconds that a stream is held while others wait for a connection. */
const TURN = 2_000;

/** An event stream by fetch: an EventSource hides heartbeats and answers, and sends no Authorization. */
export const openStream = openRequests(async (run) => {
  const response = await run.get("text/event-stream", {}, FIRST);
  if (!response.body || response.status === 204) return true;
  if (!run.first) run.wait(SILENCE);
  const reader = response.body.getReader();
  let over = false;
  const turn = setInterval(() => {
    over ||= crowded();
    if (over) reader.cancel().catch(() => {});
  }, TURN);
  try {
    if (await read(reader, run)) return true;
  } finally {
    clearInterval(turn);
  }
  if (!over) throw new Error("cut");
  return false;
});

/**
 * @param {ReadableStreamDefaultReader<Uint8Array>} reader
 * @param {Run} run
 * @returns {Promise<boolean>} whether the final event came
 */
async function read(reader, run) {
  const decoder = new TextDecoder();
  let text = "";
  let data = "";
  let problem = false;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return false;
    run.wait(SILENCE);
    run.heard();
    const lines = (text + decoder.decode(value, { stream: true })).split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("data: ")) data = line.slice(6);
      else if (line === "event: problem") problem = true;
      else if (line === "" && data) {
        const event = JSON.parse(data);
        data = "";
        if (problem) throw new TaskError(event.code, event.title);
        run.event(event);
        if (event.final) return true;
      }
    }
  }
}
