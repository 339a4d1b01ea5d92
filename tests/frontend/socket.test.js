import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { openSocket } from "../../frontend/client/socket.js";

/** @import { Topic } from "../../frontend/client/connection.js" */

/** What the socket said to the gateway, and what it told its link. @type {any[]} */
let said;
/** @type {any[]} */
let told;
/** The gateway's side. @type {any} */
let wire;
/** @type {Map<string, Topic>} */
let topics;
/** @type {import("../../frontend/client/connection.js").Connection} */
let connection;

const real = globalThis.WebSocket;

beforeEach(() => {
  said = [];
  told = [];
  topics = new Map([["tasks/t", { after: "7-3", tabs: new Set() }]]);
  globalThis.WebSocket = /** @type {any} */ (
    class {
      constructor() {
        wire = this;
      }
      send(/** @type {string} */ text) {
        said.push(JSON.parse(text));
      }
      close() {}
    }
  );
  connection = openSocket(new URL("https://gateway.example/jobs/"), topics, {
    opened() {},
    heard() {},
    failed: (failure) => told.push(failure),
    tell: (_, news) => told.push(news),
  });
  wire.onopen();
});

afterEach(() => {
  globalThis.WebSocket = real;
});

/** @param {object} message */
const receive = (message) => wire.onmessage({ data: JSON.stringify(message) });
/** @param {string} id */
const event = (id) => ({ id, task_id: "t", type: "progress" });
const questions = () => said.filter(({ op }) => op !== "ping").map(({ op, after }) => [op, after]);

test("an error without an end, as a page's policy makes it, is the end of it", () => {
  wire.onerror();
  assert.deepEqual(told, ["cut"]);
  connection.close();
  assert.equal(wire.onerror, null);
});

test("what comes before the answer belongs to the subscription that was", () => {
  receive({ op: "subscribed", task_id: "t" });
  receive(event("7-4"));
  topics.set("tasks/t", { after: null, tabs: new Set() });
  connection.ask("tasks/t");
  receive(event("7-5"));
  receive({ op: "subscribed", task_id: "t" });
  receive(event("7-1"));
  receive(event("7-2"));
  assert.deepEqual(
    told.map(({ event: { id }, first }) => [id, first]),
    [
      ["7-4", false],
      ["7-1", true],
      ["7-2", false],
    ],
  );
});

test("one question at a time, so that each answer is to the last", () => {
  topics.set("tasks/t", { after: "7-2", tabs: new Set() });
  connection.ask("tasks/t");
  topics.delete("tasks/t");
  connection.forget("tasks/t");
  topics.set("tasks/t", { after: null, tabs: new Set() });
  connection.ask("tasks/t");
  assert.deepEqual(questions(), [["subscribe", "7-3"]]);
  receive({ op: "subscribed", task_id: "t" });
  assert.deepEqual(questions(), [["subscribe", "7-3"], ["subscribe", null]]);
});

test("a task that is left before the answer is unsubscribed after it", () => {
  topics.delete("tasks/t");
  connection.forget("tasks/t");
  receive({ op: "subscribed", task_id: "t" });
  receive({ op: "unsubscribed", task_id: "t", reason: "asked" });
  assert.deepEqual(questions(), [["subscribe", "7-3"], ["unsubscribe", undefined]]);
});

test("a feed is asked for by its name, and its events are its own, though they tell of a task", () => {
  topics.set("feeds/owner%3Aada", { after: "0-0", tabs: new Set() });
  connection.ask("feeds/owner%3Aada");
  assert.deepEqual([said.at(-1).feed, said.at(-1).task_id], ["owner:ada", undefined]);
  receive({ op: "subscribed", task_id: "t" });
  receive({ op: "subscribed", feed: "owner:ada", name: "owner:ada" });
  const message = { id: "9-1", feed: "owner:ada", type: "task", event: event("7-4") };
  receive(message);
  assert.deepEqual(told, [{ event: message, first: false }]);
});

test("the text so far is no event of the journal: the first one comes behind it", () => {
  topics.set("tasks/t", { after: null, tabs: new Set() });
  connection.ask("tasks/t");
  receive({ op: "subscribed", task_id: "t" });
  receive({ op: "subscribed", task_id: "t" });
  receive({ task_id: "t", type: "output", attempt: 1, output: { offset: 0, text: "One" } });
  receive(event("7-1"));
  assert.deepEqual(told.map(({ event: { id }, first }) => [id, first]), [[undefined, false], ["7-1", true]]);
});

test("a refusal is told, and the end of a task", () => {
  receive({ op: "error", task_id: "t", code: "unknown_task", message: "No." });
  receive({ op: "unsubscribed", task_id: "t", reason: "ended" });
  assert.deepEqual(told, [{ refused: { code: "unknown_task", message: "No." } }, { ended: true }]);
});

test("a problem that passes is not the task's", () => {
  receive({ op: "error", task_id: "t", code: "too_many", message: "Later." });
  assert.deepEqual(told, []);
});

test("a socket that closes has failed, and how says whether it was open", () => {
  wire.onclose();
  assert.deepEqual(told, ["cut"]);
});
