/**
 * The jobs that this browser asked for, newest first. Only where to find them is kept: the journal has the rest.
 *
 * @typedef {object} RecentJob
 * @property {string} task_id
 * @property {string} title
 * @property {string} [token] lets its holder follow and cancel the job, where the gateway asks for that
 */
let key = "taskbeam.recent";
/** Kept at the most: as many as a list on one page may sensibly have. */
const MOST = 500;

/** From now on those of an account; other people's on the same browser are their own. @param {string} account */
export function recentOf(account) {
  key = `taskbeam.recent.${account}`;
}

/** @returns {RecentJob[]} */
export function recent() {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "[]");
  } catch {
    return [];
  }
}

/** @param {RecentJob} job */
export function remember({ task_id, title, token }) {
  keep([{ task_id, title, ...(token && { token }) }, ...recent()].slice(0, MOST));
}

/** @param {string} taskId */
export function forget(taskId) {
  keep(recent().filter((job) => job.task_id !== taskId));
}

/** @param {RecentJob[]} jobs */
function keep(jobs) {
  try {
    localStorage.setItem(key, JSON.stringify(jobs));
  } catch {
    // Storage may be off or full; then the list ends with the page.
  }
}
