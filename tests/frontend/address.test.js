import assert from "node:assert/strict";
import { test } from "node:test";

import { asked, query, search } from "../../frontend/dashboard/address.js";
import { both, clock } from "../../frontend/dashboard/times.js";

const NOW = 1_800_000_000;

test("an address says what is looked for, and is read as it was written", () => {
  const wanted = { q: "ada 50% & more", state: "failed", range: "1h", tag: "#a", task: "t/1" };
  assert.deepEqual(asked(search(wanted)), { ...asked(""), ...wanted });
  assert.equal(search({}), "");
  assert.deepEqual(asked("?junk=1&q="), asked(""));
});

test("a range is asked for from now on, and the open job and the range's name are not", () => {
  const said = query(asked("?q=x&range=1h&task=1&start=2026-01-01T00:00"), NOW);
  assert.deepEqual(Object.fromEntries(said), { q: "x", since: String(NOW - 3600) });
  const between = query(asked("?range=custom&start=2026-01-01T00:00:00&end=junk"), NOW);
  assert.deepEqual([...between.keys()], ["since"]);
});

test("yesterday is a day, from midnight to midnight where the user is", () => {
  for (const time of ["2026-11-29T00:00:00", "2026-11-29T12:34:56", "2026-11-29T23:59:59"]) {
    const said = query(asked("?range=yesterday"), Date.parse(time) / 1000);
    const [since, until] = ["2026-11-28T00:00:00", "2026-11-29T00:00:00"].map((day) => String(Date.parse(day) / 1000));
    assert.deepEqual(Object.fromEntries(said), { since, until });
  }
});

test("how long a job waited and ran is told apart", () => {
  const job = /** @type {any} */ ({ state: "SUCCESS", sent: NOW - 20, waited: 13.8, began: NOW - 6.2, ended: NOW - 6.166 });
  assert.equal(both(job, NOW), "waited 13.80 s · ran 34 ms");
  assert.equal(both({ ...job, state: "PENDING", waited: undefined, began: undefined, ended: undefined }, NOW), "waiting 20.00 s");
  assert.equal(both({ ...job, state: "STARTED", ended: undefined }, NOW), "waited 13.80 s · running 6.20 s");
  assert.equal(both({ ...job, state: "REVOKED", waited: undefined, began: undefined }, NOW), "–", "it never ran");
});

test("a time of another day has its date", () => {
  assert.match(clock(NOW, NOW), /^\d\d:\d\d:\d\d$/);
  assert.match(clock(NOW - 3 * 86_400, NOW), /^\d+ \w+ \d\d:\d\d:\d\d$/);
});
