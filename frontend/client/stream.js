import { TaskError } from "./errors.js";
import { openRequests } from "./requests.js";
import { crowded } from "./turns.js";

/** @import { Run } from "./requests.js" */

/** Milliseconds between the gateway's heartbeats are 15,000; after this much silence something holds them back. */
const SILENCE = 40_000;
/** The same on a connection that has brought nothing yet: its answer is due at once, and an event if none was had. */
const FIRST_EVENT = 5_000;
const FIRST_BEAT = 20_000;
/** Milliseconds that a stream is held while other tasks wait for a connection. */
const TURN = 2_000;

/** An event stream by fetch: an EventSource hides heartbeats and answers, and sends no Authorization. */
export const openStream = openRequests(async (run) => {
  const response = await run.get("text/event-stream", {}, run.fresh ? FIRST_EVENT : undefined);
  if (!response.body || response.status === 204) return true;
  run.wait(!run.fresh ? SILENCE : run.first ? FIRST_EVENT : FIRST_BEAT);
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
