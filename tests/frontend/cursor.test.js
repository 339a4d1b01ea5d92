import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { compare, verdict } from "../../frontend/client/cursor.js";

const CASES = JSON.parse(readFileSync(new URL("../data/cursor_cases.json", import.meta.url), "utf8"));

/** @param {string} id @returns {any} */
const event = (id) => ({ id, type: "progress" });

/**
 * @param {string | null} cursor
 * @param {any[]} events as they arrive
 * @param {boolean} beginning whether the first of them is the first that the journal has
 */
function follow(cursor, events, beginning) {
  const taken = [];
  let asks = false;
  for (const [index, each] of events.entries()) {
    const due = verdict(cursor, each, beginning && index === 0);
    asks ||= due === "ask";
    if (due !== "take") continue;
    taken.push(each.id);
    cursor = each.id;
  }
  return { taken, asks };
}

/** @param {any} replay @returns {any[]} what the gateway sends */
function answer({ gap, events }) {
  const rest = events.map(event);
  return gap ? [{ id: gap.id, type: "gap", gap: { after: gap.after, reason: gap.reason } }, ...rest] : rest;
}

for (const { older, newer } of CASES.order) {
  test(`order: ${older} is older than ${newer}`, () => {
    assert.ok(compare(older, newer) < 0);
    assert.ok(compare(newer, older) > 0);
    assert.equal(compare(newer, newer), 0);
    assert.ok(compare(null, older) < 0);
  });
}

for (const { name, cursor, arrives, taken, asks } of CASES.live) {
  test(`live: ${name}`, () => assert.deepEqual(follow(cursor, arrives.map(event), false), { taken, asks }));
}

for (const replay of CASES.replay) {
  const sent = answer(replay);
  const all = { taken: sent.map(({ id }) => id), asks: false };

  test(`replay: ${replay.name}`, () => assert.deepEqual(follow(replay.after, sent, replay.after === null), all));

  for (const other of replay.sharing) {
    test(`replay: ${replay.name}, and who shares it from ${other}`, () => {
      const taken = replay.events.filter((/** @type {string} */ id) => compare(id, other) > 0);
      assert.deepEqual(follow(other, sent, replay.after === null), { taken, asks: false });
    });
  }
}

test("without a cursor, only the beginning of a replay is taken", () => {
  assert.equal(verdict(null, event("7-57"), false), "drop");
  assert.equal(verdict(null, event("7-57"), true), "take");
});

test("who is behind a gap that was told to another takes it, too", () => {
  const gap = { id: "7-6", type: "gap", gap: { after: "7-3", reason: "trimmed" } };
  assert.equal(verdict("7-4", /** @type {any} */ (gap), false), "take");
  assert.equal(verdict("7-6", /** @type {any} */ (gap), false), "drop");
});

test("a journal that went back goes back for everybody", () => {
  const gap = { id: "7-0", type: "gap", gap: { after: "7-9", reason: "epoch" } };
  assert.equal(verdict("7-8", /** @type {any} */ (gap), false), "take");
});
