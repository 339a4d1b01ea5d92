import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { reserve } from "../../frontend/client/reserve.js";
import { openSocket } from "../../frontend/client/socket.js";

const BASE = new URL("https://gateway.example/jobs/");
const real = globalThis.WebSocket;

/** @type {any[]} */
let sockets;
/** @type {string[]} */
let told;

beforeEach((context) => {
  /** @type {any} */ (context).mock.timers.enable({ apis: ["setTimeout"] });
  [sockets, told] = [[], []];
  class Fake extends EventTarget {
    static OPEN = 1;
    readyState = 0;
    /** @param {string} url */
    constructor(url) {
      super();
      this.url = url;
      sockets.push(this);
      this.addEventListener("open", (event) => /** @type {any} */ (this).onopen?.(event));
    }
    /** @param {string} text */
    send(text) {
      told.push(JSON.parse(text).op);
    }
    close() {
      this.readyState = 3;
    }
  }
  globalThis.WebSocket = /** @type {any} */ (Fake);
});
afterEach(() => {
  globalThis.WebSocket = real;
});

/** @param {URL} base */
const open = (base) =>
  openSocket(base, new Map([["tasks/t", { after: null, tabs: new Set() }]]), { opened: () => told.push("opened"), heard() {}, failed() {}, tell() {} });

test("a client has the socket that its page has opened, once", async () => {
  await reserve(BASE);
  sockets[0].readyState = 1;
  open(BASE);
  assert.deepEqual([sockets.length, told], [1, []], "not before it can be answered");
  await null;
  assert.deepEqual(told, ["opened", "subscribe", "ping"]);
  open(BASE);
  assert.deepEqual(sockets.map(({ url }) => url), ["wss://gateway.example/jobs/ws", "wss://gateway.example/jobs/ws"]);
});

test("one that is not open yet says so when it is", async () => {
  await reserve(BASE);
  open(BASE);
  sockets[0].dispatchEvent(new Event("open"));
  assert.deepEqual(told, ["opened", "subscribe", "ping"]);
});

test("one that is closed, or leads elsewhere, is of no use", async () => {
  await reserve(BASE);
  sockets[0].close();
  open(BASE);
  await reserve(BASE);
  open(new URL("https://other.example/"));
  assert.equal(sockets.length, 4);
  assert.equal(sockets[2].readyState, 3, "nobody else wants it");
});

test("one that nobody takes is closed", async (context) => {
  await reserve(BASE);
  /** @type {any} */ (context).mock.timers.tick(10_000);
  assert.equal(sockets[0].readyState, 3);
});
