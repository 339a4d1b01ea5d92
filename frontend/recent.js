/**
 * The jobs that this browser asked for, newest first. Only where to find them is kept: the journal has the rest.
 *
 * @typedef {{task_id: string, title: string, urls: {self: string, events: string, ws: string}}} RecentJob
 */
const KEY = "taskbeam.recent";
const MOST = 12;

/** @returns {RecentJob[]} */
export function recent() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? [];
  } catch {
    return [];
  }
}

/** @param {RecentJob} job */
export function remember(job) {
  keep([job, ...recent()].slice(0, MOST));
}

export function forget(taskId) {
  keep(recent().filter((job) => job.task_id !== taskId));
}

function keep(jobs) {
  try {
    localStorage.setItem(KEY, JSON.stringify(jobs));
  } catch {
    // Storage may be off or full; then the list ends with the page.
  }
}
