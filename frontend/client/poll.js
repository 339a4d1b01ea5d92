import { openRequests } from "./requests.js";
import { crowded } from "./turns.js";

/** Seconds that the gateway is to wait for news; while others wait for a connection, less. */
const WAIT = 20;
const SHORT_WAIT = 1;
/** Milliseconds that an answer may be late. */
const LATE = 10_000;

/** Long-polling: the next request is made when the one before is answered. */
export const openPoll = openRequests(async (run) => {
  const began = Date.now();
  const wait = run.fresh ? 0 : crowded() ? SHORT_WAIT : WAIT;
  const response = await run.get("application/json", { wait: String(wait) }, wait * 1000 + LATE);
  const { events, final } = await response.json();
  run.heard();
  for (const event of events) run.event(event);
  // Whatever answers early with nothing is not asked again at once.
  const rest = 1000 * Math.min(wait, 1) - (Date.now() - began);
  if (!events.length && !final && rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
  return final;
});
