/** What the page's address says of the list: which tasks are looked for, and which one is open. Pure. */

/**
 * @typedef {object} Asked
 * @property {string} q words
 * @property {string} state a kind of the list, or empty
 * @property {string} range a key of `RANGES`, `yesterday`, `custom`, or empty
 * @property {string} start a local time, as an `<input type="datetime-local">` has it, with the range `custom`
 * @property {string} end
 * @property {string} name exactly, as are the next four
 * @property {string} owner
 * @property {string} tag
 * @property {string} code
 * @property {string} exception
 * @property {string} before where the page begins
 * @property {string} task that is open
 * @property {string} line of its log that is chosen
 */

/** Members, in the order in which they stand in the address. @type {(keyof Asked)[]} */
export const MEMBERS = ["q", "state", "range", "start", "end", "name", "owner", "tag", "code", "exception", "before", "task", "line"];

/** Of which a job has one value: what they are called. @type {Partial<Record<keyof Asked, string>>} */
export const EXACTLY = { name: "Task", owner: "Owner", tag: "Tag", code: "Error code", exception: "Exception" };

/** Seconds. @type {Record<string, number>} */
export const RANGES = { "15m": 15 * 60, "1h": 3600, "24h": 24 * 3600, "7d": 7 * 24 * 3600 };

/** @param {string} search of a location @returns {Asked} */
export function asked(search) {
  const given = new URLSearchParams(search);
  return /** @type {Asked} */ (Object.fromEntries(MEMBERS.map((member) => [member, given.get(member) ?? ""])));
}

/** @param {Partial<Asked>} wanted @returns {string} a search, empty where everything is wanted */
export function search(wanted) {
  const said = new URLSearchParams();
  for (const member of MEMBERS) if (wanted[member]) said.set(member, wanted[member]);
  return said.size ? `?${said}` : "";
}

/**
 * @param {Asked} wanted
 * @param {number} now Unix seconds
 * @returns {URLSearchParams} what the gateway is asked with
 */
export function query(wanted, now) {
  const said = new URLSearchParams();
  for (const member of /** @type {const} */ (["q", "state", "name", "owner", "tag", "code", "exception", "before"])) {
    if (wanted[member]) said.set(member, wanted[member]);
  }
  const [since, until] = span(wanted, now);
  if (since !== null) said.set("since", String(Math.max(0, Math.floor(since))));
  if (until !== null) said.set("until", String(Math.max(0, Math.ceil(until))));
  return said;
}

/** @param {Asked} wanted @param {number} now @returns {[number | null, number | null]} from when to when, in Unix seconds */
function span({ range, start, end }, now) {
  const long = RANGES[range];
  if (long) return [now - long, null];
  if (range === "custom") return [seconds(start), seconds(end)];
  return range === "yesterday" ? [midnight(now, -1), midnight(now, 0)] : [null, null];
}

/** @param {number} now @param {number} days from today @returns {number} when that day begins, where the user is */
function midnight(now, days) {
  const day = new Date(now * 1000);
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() + days).getTime() / 1000;
}

/** @param {string} local @returns {number | null} */
function seconds(local) {
  const at = Date.parse(local) / 1000;
  return Number.isFinite(at) ? at : null;
}
