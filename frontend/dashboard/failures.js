import { find, make, say } from "../look/dom.js";
import { arrange } from "./rows.js";
import { failures } from "./requests.js";
import { clock } from "./times.js";

/** @import { FailureGroup } from "./requests.js" */

/** Seconds back that are looked at; milliseconds between two looks at least. */
const RANGE = 24 * 3600;
const OFTEN = 5_000;

/** Failures of the last day by what failed how: many are one cause. */
export class Failures {
  #section;
  #address;
  #next = 0;
  #known = -1;
  /** @type {Map<string, HTMLTableRowElement>} */
  #rows = new Map();

  /** @param {HTMLElement} section @param {(change: Record<string, string>) => string} address of the list of these */
  constructor(section, address) {
    this.#section = section;
    this.#address = address;
  }

  /** Look again where there are more than before. @param {number} failed how many have failed lately @param {number} now Unix seconds */
  async look(failed, now) {
    if (failed === this.#known || performance.now() < this.#next || document.hidden) return;
    this.#next = performance.now() + OFTEN;
    this.#known = failed;
    try {
      const { groups } = await failures(Math.floor(now - RANGE));
      this.#draw(groups, now);
    } catch {
      this.#known = -1; // the list of jobs says why
    }
  }

  /** @param {FailureGroup[]} groups @param {number} now */
  #draw(groups, now) {
    this.#section.hidden = !groups.length;
    const known = this.#rows;
    this.#rows = new Map(
      groups.map((group) => {
        const key = JSON.stringify([group.name, group.code, group.exception]);
        const row = known.get(key) ?? this.#made(group);
        say(find(row, ".count"), String(group.count));
        say(find(row, "time"), clock(group.last, now));
        say(find(row, ".message bdi"), group.message ?? "");
        return [key, row];
      }),
    );
    arrange(find(this.#section, "tbody"), [...this.#rows.values()]);
  }

  /** @param {FailureGroup} group */
  #made({ name, code, exception }) {
    const href = this.#address({ name, state: "failed", ...(code ? { code } : {}), ...(exception ? { q: exception } : {}) });
    return make(
      "tr",
      {},
      make("th", { scope: "row" }, make("a", { href }, make("bdi", {}, name))),
      make("td", { "data-label": "Error" }, make("bdi", {}, exception ?? code ?? "–")),
      make("td", { class: "number count", "data-label": "Failed" }),
      make("td", { class: "number", "data-label": "Newest" }, make("time")),
      make("td", { class: "message", "data-label": "Latest message" }, make("bdi")),
    );
  }
}
