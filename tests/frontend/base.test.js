import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { baseOf, setHome } from "../../frontend/client/base.js";

const globals = /** @type {any} */ (globalThis);

afterEach(() => {
  delete globals.document;
  delete globals.location;
  setHome(/** @type {any} */ ("/"));
});

/** @param {string} baseURI */
const onPage = (baseURI) => (globals.document = { baseURI });

test("a client that a bundler took in asks the site's root", () => {
  onPage("https://shop.example/orders/7?tab=2#top");
  assert.equal(baseOf().href, "https://shop.example/");
});

test("one that a gateway serves asks that gateway, whichever page it is on", () => {
  onPage("https://shop.example/orders/7");
  setHome(new URL("https://jobs.example/a/b/"));
  assert.deepEqual([baseOf(), baseOf("")].map(String), ["https://jobs.example/a/b/", "https://jobs.example/a/b/"]);
});

test("what the page says wins", () => {
  onPage("https://shop.example/orders/7");
  setHome(new URL("https://jobs.example/a/b/"));
  assert.equal(baseOf("https://other.example/live").href, "https://other.example/live/");
  assert.equal(baseOf(new URL("https://other.example/live/")).href, "https://other.example/live/");
});

test("a relative address is relative to the page, as a link is", () => {
  onPage("https://shop.example/orders/7");
  const written = ["/live", "/live/", "live", "../live", "//jobs.example"].map((address) => baseOf(address).href);
  assert.deepEqual(written, [
    ...["https://shop.example/live/", "https://shop.example/live/", "https://shop.example/orders/live/"],
    ...["https://shop.example/live/", "https://jobs.example/"],
  ]);
});

test("in a worker it is relative to the worker's origin", () => {
  globals.location = { origin: "https://shop.example" };
  assert.deepEqual([baseOf(), baseOf("live")].map(String), ["https://shop.example/", "https://shop.example/live/"]);
});

test("where there is neither, it has to be whole", () => {
  assert.equal(baseOf("https://jobs.example/live").href, "https://jobs.example/live/");
  assert.throws(() => baseOf(), TypeError);
});

test("a module that a gateway serves takes the gateway to be one level up", async () => {
  const root = new URL("../../frontend/", import.meta.url);
  await import("../../frontend/client/index.js");
  assert.equal(baseOf().href, root.href);
});
