import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { LONG, offeredIn } from "../../frontend/notify/offer.js";
import { standingOf } from "../../frontend/notify/standing.js";
import { subscribe } from "../../frontend/notify/subscribe.js";

const CAPABLE = { worker: true, push: true, permission: "default", apple: false, installed: false };

describe("how a browser stands to being told", () => {
  for (const [name, facts, standing] of /** @type {const} */ ([
    ["nobody was asked", {}, "off"],
    ["it was granted", { permission: "granted" }, "off"],
    ["it was denied", { permission: "denied" }, "denied"],
    ["no service worker", { worker: false }, "unsupported"],
    ["no push", { push: false }, "unsupported"],
    ["no notifications", { permission: undefined }, "unsupported"],
    ["an iPhone's tab", { apple: true, push: false, permission: undefined }, "install"],
    ["on an iPhone's Home Screen", { apple: true, installed: true }, "off"],
    ["an old iPhone's Home Screen", { apple: true, installed: true, push: false }, "unsupported"],
  ])) {
    test(name, () => assert.equal(standingOf({ ...CAPABLE, ...facts }), standing));
  }
});

describe("the offer", () => {
  for (const [name, job, seconds] of /** @type {const} */ ([
    ["of a task that nothing was heard of", {}, null],
    ["of one that was just sent", { began: 100, ts: 100 }, LONG],
    ["of one that goes on", { began: 100, ts: 104 }, LONG - 4],
    ["of one that takes long", { began: 100, ts: 111 }, 0],
    ["where a clock went back", { began: 100, ts: 90 }, LONG],
    ["of one that has ended", { began: 100, ts: 111, final: true }, null],
  ])) {
    test(name, () => assert.equal(offeredIn({ final: false, ...job }), seconds));
  }
});

describe("subscribing", () => {
  const KEY = "BAEC";

  /** @param {number[] | null} known the key of the subscription that is there @param {() => Promise<any>} [make] */
  function registration(known, make = async () => "made") {
    /** @type {string[]} */
    const did = [];
    const before = known && {
      options: { applicationServerKey: new Uint8Array(known).buffer },
      unsubscribe: async () => did.push("unsubscribe"),
    };
    const pushManager = {
      getSubscription: async () => before,
      subscribe: (/** @type {unknown} */ options) => (did.push(JSON.stringify(options)), make()),
    };
    return { did, before, given: /** @type {any} */ ({ active: { state: "activated" }, pushManager }) };
  }

  test("once is enough", async () => {
    const { did, before, given } = registration([4, 1, 2]);
    assert.equal(await subscribe(given, KEY, true), before);
    assert.deepEqual(did, []);
  });

  test("is done anew when the gateway has another key", async () => {
    const { did, given } = registration([4, 1, 3]);
    assert.equal(await subscribe(given, KEY, true), "made");
    assert.deepEqual(did, ["unsubscribe", JSON.stringify({ userVisibleOnly: true, applicationServerKey: KEY })]);
  });

  test("takes nothing from the page's own", async () => {
    const { did, given } = registration([4, 1, 3]);
    await assert.rejects(subscribe(given, KEY, false), { code: "failed" });
    assert.deepEqual(did, []);
  });

  test("ends, also where a browser says nothing", async () => {
    const { given } = registration(null, () => new Promise(() => {}));
    await assert.rejects(subscribe(given, KEY, true, 10), { code: "timeout" });
  });

  test("says why it failed", async () => {
    const { given } = registration(null, () => Promise.reject(new Error("no service")));
    await assert.rejects(subscribe(given, KEY, true), { code: "failed", message: "no service" });
  });
});
