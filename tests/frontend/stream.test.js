import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { openStream } from "../../frontend/client/stream.js";

/** What the server writes, piece by piece, before it ends the answer. @type {string[]} */
let pieces = [];
/** @type {import("node:http").IncomingMessage[]} */
const requests = [];

const server = createServer(async (request, response) => {
  requests.push(request);
  response.writeHead(200, { "Content-Type": "text/event-stream" });
  for (const piece of pieces) await new Promise((sent) => response.write(piece, sent));
  response.end();
});

before(() => new Promise((/** @type {(value?: any) => void} */ ready) => server.listen(0, "127.0.0.1", ready)));
after(() => server.close());

/** @param {string[]} written @param {string} until what the connection tells last @returns {Promise<any[]>} */
function listen(written, until) {
  pieces = written;
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  /** @type {any[]} */
  const told = [];
  return new Promise((resolve) => {
    /** @param {any} news */
    const tell = (news) => {
      told.push(news);
      if (news === until || until in Object(news)) {
        connection.close();
        resolve(told);
      }
    };
    const topics = new Map([["tasks/a%2Fb", { after: "7-3", token: "secret", tabs: new Set([""]) }]]);
    const connection = openStream(new URL(`http://127.0.0.1:${port}/jobs/`), topics, {
      opened() {},
      heard() {},
      failed: tell,
      tell: (_, news) => tell(news),
    });
  });
}

const block = (/** @type {object} */ event) => `data: ${JSON.stringify(event)}\nid: 7-4\n\n`;

test("an event counts when its blank line has come, however it is cut into pieces", async () => {
  const one = block({ id: "7-4", text: "für alle" });
  const cut = Math.floor(one.length / 2);
  const told = await listen(["retry: 2000\n", one.slice(0, cut), one.slice(cut), ": ping\n", block({ id: "7-5" }).trim()], "cut");
  assert.deepEqual(told, [{ event: { id: "7-4", text: "für alle" }, first: false }, "cut"]);
});

test("the final event ends it", async () => {
  const told = await listen([block({ id: "7-4", final: true })], "ended");
  assert.deepEqual(told.map((news) => Object.keys(news)[0]), ["event", "ended"]);
});

test("a problem in the stream is a refusal, and no event", async () => {
  const problem = { code: "token_expired", title: "The token has expired." };
  const told = await listen([`event: problem\ndata: ${JSON.stringify(problem)}\n\n`], "refused");
  assert.deepEqual(told, [{ refused: { code: problem.code, message: problem.title } }]);
});

test("it asks with the cursor and the token, the id as one part of the path", async () => {
  await listen([], "cut");
  const { url, headers } = /** @type {import("node:http").IncomingMessage} */ (requests.at(-1));
  assert.equal(url, "/jobs/tasks/a%2Fb/events?after=7-3");
  assert.deepEqual([headers.accept, headers.authorization], ["text/event-stream", "Bearer secret"]);
});
