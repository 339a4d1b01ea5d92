import assert from "node:assert/strict";
import { test } from "node:test";

import { Sure, unanswered } from "../../frontend/dashboard/sure.js";

test("nothing was done only where that is known", () => {
  assert.equal(unanswered({ code: "forbidden", message: "No." }), "Nothing was done. No.");
  for (const code of ["unavailable", "internal_error", "token_expired", "", "http_error"]) {
    assert.doesNotMatch(unanswered({ code, message: "No." }), /Nothing was done/);
  }
});

/** A dialog, as far as it is used. @returns {any} */
function dialog() {
  /** @type {Map<string, any>} */
  const parts = new Map();
  const part = () => Object.assign(new EventTarget(), { textContent: "", childNodes: [], focus() {}, replaceChildren() {} });
  return {
    open: false,
    querySelector: (/** @type {string} */ selector) => parts.get(selector) ?? parts.set(selector, part()).get(selector),
    showModal() {
      this.open = true;
    },
    close() {
      this.open = false;
    },
  };
}

/** What becomes of an act. @type {[string, () => any][]} */
const OUTCOMES = [
  ["a note", () => ({ note: "3 messages taken out." })],
  ["nothing to tell", () => null],
  ["a refusal", () => Promise.reject({ code: "forbidden", message: "No." })],
];

for (const [what, outcome] of OUTCOMES) {
  test(`an answer that comes when something else is asked leaves that alone: ${what}`, async () => {
    const shown = dialog();
    const sure = new Sure(shown);
    const answer = new Promise(setImmediate).then(outcome);
    sure.ask({ question: "Purge?", note: "All of it.", yes: "Purge" }, () => answer);
    shown.querySelector("[data-yes]").dispatchEvent(new Event("click"));
    shown.close();
    sure.ask({ question: "Pause?", note: "Nothing is lost.", yes: "Pause" }, async () => null);
    await answer.catch(() => {});
    await new Promise(setImmediate);
    assert.equal(shown.querySelector(".note").textContent, "Nothing is lost.");
    assert.equal(shown.open, true);
  });
}
