import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { afterEach, beforeEach, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { watch } from "../../frontend/client/watch.js";

/** Events that a watch keeps. */
const KEPT = 1000;

/** The gateway's side of the newest socket. @type {any} */
let wire;
/** What it answers to who wants to subscribe, if not that he is. @type {object | undefined} */
let refusal;
/** Whether the task has ended before the cursor. */
let past = false;

const real = globalThis.WebSocket;

beforeEach(() => {
  globalThis.WebSocket = /** @type {any} */ (
    class {
      constructor() {
        wire = this;
        queueMicrotask(() => this.onopen?.());
      }
      onopen() {}
      send(/** @type {string} */ text) {
        const { op, task_id } = JSON.parse(text);
        if (op === "subscribe") queueMicrotask(() => receive(refusal ?? { op: "subscribed", task_id }));
        if (op === "subscribe" && past) queueMicrotask(() => receive({ op: "unsubscribed", task_id, reason: "ended" }));
        if (op === "unsubscribe") queueMicrotask(() => receive({ op: "unsubscribed", task_id, reason: "asked" }));
      }
      close() {}
    }
  );
});

afterEach(() => {
  globalThis.WebSocket = real;
  refusal = undefined;
  past = false;
});

/** @param {object} message */
const receive = (message) => wire.onmessage({ data: JSON.stringify(message) });

/** @param {number} seq @param {object} [more] */
const event = (seq, more) => ({ id: `7-${seq}`, task_id: "t", type: "data", state: "STARTED", attempt: 1, ts: seq, final: false, data: seq, ...more });

/** @param {number} first @param {number} last */
function tell(first, last) {
  for (let seq = first; seq <= last; seq++) receive(event(seq));
}

const end = (/** @type {number} */ seq) => receive(event(seq, { type: "state", state: "SUCCESS", final: true, result: 1 }));

/** @param {import("../../frontend/client/main.js").WatchOptions} [options] */
async function watched(options) {
  const watching = watch("t", { baseUrl: "https://gateway.example/", share: false, transport: "websocket", ...options });
  await new Promise((resolve) => setTimeout(resolve));
  return watching;
}

/** @param {AsyncIterable<any>} watching */
async function all(watching) {
  const seqs = [];
  for await (const { id } of watching) seqs.push(Number(id.split("-")[1]));
  return seqs;
}

/** @param {number} first @param {number} last */
const range = (first, last) => Array.from({ length: last - first + 1 }, (_, index) => first + index);

test("whoever iterates from the start gets every event, however slow he is", async () => {
  const watching = await watched();
  const seqs = all(watching);
  tell(1, 3 * KEPT);
  end(3 * KEPT + 1);
  assert.deepEqual(await seqs, range(1, 3 * KEPT + 1));
});

test("whoever begins late gets the newest that are kept", async () => {
  const watching = await watched();
  tell(1, KEPT + 500);
  end(KEPT + 501);
  assert.deepEqual(await all(watching), range(502, KEPT + 501));
  assert.deepEqual(await all(watching), range(502, KEPT + 501));
});

test("an iterator that waits ends with the watch", async () => {
  const watching = await watched();
  const seqs = all(watching);
  tell(1, 2);
  await new Promise((resolve) => setTimeout(resolve));
  watching.close();
  assert.deepEqual(await seqs, [1, 2]);
});

test("one whose task cannot be followed throws", async () => {
  refusal = { op: "error", task_id: "t", code: "unknown_task", message: "Unknown." };
  await assert.rejects(all(await watched()), { code: "unknown_task" });
});

test("a watch that nobody iterates holds no more than those, though the task tells for hours", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  const watching = await watched();
  /** @type {WeakRef<object>[]} */
  const told = [];
  watching.addEventListener("event", ({ detail }) => told.push(new WeakRef(detail)));
  tell(1, 10 * KEPT);
  await new Promise((resolve) => setTimeout(resolve));
  collect();
  const held = told.filter((each) => each.deref()).length;
  assert.ok(held <= KEPT + 10, `${held} of ${told.length} events are held`);
  watching.close();
});

test("a watch that is over leaves nothing on the signal that would have closed it", async () => {
  const { signal } = new AbortController();
  for (let count = 0; count < 20; count++) (await watched({ signal })).close();
  const ended = await watched({ signal });
  end(1);
  await ended.result;
  assert.equal(getEventListeners(signal, "abort").length, 0);
});

test("the signal closes a watch", async () => {
  const controller = new AbortController();
  const watching = await watched({ signal: controller.signal });
  controller.abort();
  await assert.rejects(watching.result, { code: "closed" });
});

/** What the gateway answers, one after the other, to who asks for a task that has ended. @param {...(() => Response)} answers */
function endedThen(...answers) {
  past = true;
  const real = globalThis.fetch;
  globalThis.fetch = async () => /** @type {any} */ (answers.shift())();
  return () => void (globalThis.fetch = real);
}

const problem = (/** @type {string} */ code, /** @type {number} */ status) => () => Response.json({ code }, { status });
const ended = () => Response.json({ ...event(3), last_event_id: "7-3", type: "state", state: "SUCCESS", final: true, result: 5 });

test("a watch that begins at the end waits for a gateway that is away, and takes another token", async () => {
  const cut = () => {
    throw new TypeError("network");
  };
  const undo = endedThen(cut, problem("unavailable", 503), problem("token_expired", 401), ended);
  try {
    let tokens = 0;
    const watching = await watched({ after: "7-3", getToken: async () => `token ${++tokens}` });
    assert.equal(await watching.result, 5);
    assert.deepEqual([tokens, watching.job.cursor], [2, "7-3"]);
  } finally {
    undo();
  }
});

test("a watch that begins at the end has none where the result may not be read", async () => {
  const undo = endedThen(problem("forbidden", 403));
  try {
    await assert.rejects((await watched({ after: "7-3" })).result, { code: "forbidden" });
  } finally {
    undo();
  }
});
