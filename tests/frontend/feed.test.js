import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { watchFeed } from "../../frontend/client/feed.js";

/** Tasks that the gateway lists in one answer. */
const PAGE = 500;

/** What the gateway is asked by HTTP, and how it answers. @type {string[]} */
let asked;
/** @type {(query: URLSearchParams) => object | Response} */
let answer;
/** The gateway's side of the newest socket. @type {any} */
let wire;
/** How often it was asked for a feed. */
let subscriptions = 0;

const real = { fetch: globalThis.fetch, WebSocket: globalThis.WebSocket };

beforeEach(() => {
  asked = [];
  globalThis.fetch = /** @type {any} */ (
    async (/** @type {URL} */ url) => {
      asked.push(url.pathname + url.search);
      const found = answer(url.searchParams);
      return found instanceof Response ? found : Response.json(found);
    }
  );
  globalThis.WebSocket = /** @type {any} */ (
    class {
      constructor() {
        wire = this;
        queueMicrotask(() => this.onopen?.());
      }
      onopen() {}
      send(/** @type {string} */ text) {
        const { op, feed } = JSON.parse(text);
        subscriptions += Number(op === "subscribe");
        if (op === "subscribe") queueMicrotask(() => receive({ op: "subscribed", feed, name: feed }));
        if (op === "unsubscribe") queueMicrotask(() => receive({ op: "unsubscribed", feed, reason: "asked" }));
      }
      close() {}
    }
  );
});

afterEach(() => {
  Object.assign(globalThis, real);
});

/** @param {object} message */
const receive = (message) => wire.onmessage({ data: JSON.stringify(message) });

/** @param {number} number @param {string} [state] */
const event = (number, state = "PENDING") => ({
  ...{ id: `${1_000 + number}-1`, task_id: `t${number}`, type: "state", state, name: null },
  ...{ attempt: 1, ts: number, final: state === "SUCCESS" },
});

/** @param {number} newest @param {number} count @param {number | null} [next] */
const page = (newest, count, next = null) => ({
  feed: "owner:ada",
  tasks: Array.from({ length: count }, (_, index) => event(newest - index)),
  rollup: { total: newest, open: newest, waiting: newest, done: {} },
  last_event_id: "9-5",
  next,
});

/** @param {() => boolean} condition */
async function until(condition) {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** @param {import("../../frontend/client/main.js").FeedOptions} [options] */
const watched = (options) => watchFeed("owner:me", { baseUrl: "https://gateway.example/jobs", share: false, transport: "websocket", ...options });

test("a list of several pages is read to its limit, and followed by the feed's own name", async () => {
  answer = (query) => (query.has("before") ? page(500, 500, 1) : page(1_000, PAGE, 501));
  const watching = watched({ limit: 700 });
  await until(() => watching.tasks.length === 700 && watching.line === "live");
  assert.deepEqual([watching.tasks[0]?.taskId, watching.tasks.at(-1)?.taskId], ["t1000", "t301"]);
  assert.deepEqual(asked, ["/jobs/feeds/owner%3Ame?limit=500", "/jobs/feeds/owner%3Aada?limit=500&before=501"]);
  watching.close();
});

test("a gateway that cannot answer now is asked again, and the line says so", async () => {
  const problem = { code: "unavailable", title: "Redis is away." };
  answer = () => (asked.length < 3 ? Response.json(problem, { status: 503 }) : page(1, 1));
  const watching = watched();
  /** @type {string[]} */
  const lines = [];
  watching.addEventListener("line", ({ detail }) => lines.push(detail.line));
  await until(() => watching.line === "live");
  assert.equal(asked.length, 3);
  assert.deepEqual(lines, ["waiting", "connecting", "live"]);
  watching.close();
});

test("a list that a token of yesterday does not get is read with the next one", async () => {
  answer = () => (asked.length === 2 ? Response.json({ code: "token_expired" }, { status: 401 }) : page(asked.length, 1));
  const watching = watched({ getToken: async () => "a token" });
  await until(() => watching.line === "live");
  receive({ id: "9-6", feed: "owner:ada", type: "gap", final: false, gap: { after: "9-5", reason: "trimmed" }, snapshot: null });
  await until(() => watching.tasks[0]?.taskId === "t3");
  watching.close();
});

test("a refusal is the end of it", async () => {
  answer = () => Response.json({ code: "unknown_feed", title: "There is no such feed." }, { status: 404 });
  const watching = watched();
  await until(() => watching.error !== null);
  assert.deepEqual([watching.line, watching.error?.code], ["gone", "unknown_feed"]);
});

test("a gap while the list is on its way is another list", async () => {
  answer = () => page(asked.length, 1);
  const watching = watched();
  await until(() => watching.line === "live");
  const gap = (/** @type {string} */ id) => ({ id, feed: "owner:ada", type: "gap", final: false, gap: { after: "9-5", reason: "trimmed" }, snapshot: null });
  receive(gap("9-7"));
  receive(gap("9-9"));
  await until(() => asked.length === 3);
  await until(() => watching.tasks[0]?.taskId === "t3");
  watching.close();
});

test("whoever comes to a feed that is followed asks the gateway again where its tasks stand", async () => {
  answer = () => page(1, 1);
  const first = watched();
  await until(() => first.line === "live");
  const before = subscriptions;
  const second = watched();
  await until(() => second.line === "live" && subscriptions > before);
  first.close();
  second.close();
});

test("a feed that ends is over, and the signal closes one", async () => {
  answer = () => page(1, 1);
  const controller = new AbortController();
  const [ending, closed] = [watched(), watched({ signal: controller.signal })];
  await until(() => ending.line === "live" && closed.line === "live");
  controller.abort();
  assert.equal(closed.line, "ended");
  receive({ op: "unsubscribed", feed: "owner:ada", reason: "ended" });
  assert.deepEqual([ending.line, ending.error], ["ended", null]);
});
