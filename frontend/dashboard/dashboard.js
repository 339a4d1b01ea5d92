/** The operators' page: figures from the events of one task that never ends, and the list of all jobs. */
import "../client/served.js";

import { watch } from "../client/watch.js";
import { find, make, say } from "../look/dom.js";
import { search } from "./address.js";
import { Board, BUCKETS, sum } from "./board.js";
import { Actions } from "./actions.js";
import { Chosen } from "./chosen.js";
import { Drawer } from "./drawer.js";
import { Failures } from "./failures.js";
import { Finder } from "./finder.js";
import { askAboutQueue } from "./queue-actions.js";
import { Rows } from "./rows.js";
import { sparkline } from "./sparkline.js";
import { Sure } from "./sure.js";
import { queueRows, taskRows, workerRows } from "./tables.js";
import { UNKNOWN } from "./times.js";

/** The task whose events the gateway publishes for this page. */
const DASHBOARD = "taskbeam.dashboard";

/** Milliseconds. */
const AGAIN = 2_000;

const LINES = {
  connecting: "Connecting",
  live: "Live",
  waiting: "Reconnecting",
  offline: "Offline",
  ended: "Ended",
  gone: "Waiting for the first figures",
};
/** What is final: asking again changes nothing. @type {Record<string, string>} */
const REFUSALS = {
  unauthenticated: "Sign in to see the dashboard",
  token_expired: "Your access has expired: sign in again",
  token_revoked: "You are signed out: sign in again",
  forbidden: "You may not see the dashboard: sign in as somebody else",
};
const LABELS = { sse: "SSE", websocket: "WebSocket", poll: "long-polling" };

const board = new Board();
const sure = new Sure(find(document, "#sure"));
const actions = new Actions(sure, (task) => finder.go({ task }));
const failures = new Failures(find(document, "#failures"), (change) => search(change));
const drawer = new Drawer(find(document, "#job"), () => finder.go({ task: "" }), (change) => search(change), (kind, ids) => actions.ask(kind, ids), (line) => finder.go({ line }));
const finder = new Finder(find(document, "#jobs"), board, ({ task, line }) => drawer.show(task, line));
const chosen = new Chosen(find(document, "#jobs"), (kind, ids) => actions.ask(kind, ids));
const [tasks, queues, workers] = ["#tasks", "#queues", "#workers"].map((place) => new Rows(find(document, `${place} table`)));
let due = 0;

find(document, "#queues").addEventListener("click", ({ target }) => {
  if (target instanceof HTMLButtonElement) askAboutQueue(sure, /** @type {any} */ (target.dataset.act), target.value);
});
find(document, "#job").addEventListener("click", (click) => {
  const link = /** @type {Element} */ (click.target).closest("a[data-task]");
  if (!(link instanceof HTMLElement) || click.ctrlKey || click.metaKey || click.shiftKey) return;
  click.preventDefault(); // the page stays
  finder.go({ task: link.dataset.task ?? "" });
});
follow();

/** @param {string} [after] */
function follow(after) {
  const watching = watch(DASHBOARD, after ? { after } : {});
  watching.addEventListener("data", ({ detail: { data, ts } }) => {
    board.hear(data, ts);
    due ||= requestAnimationFrame(draw); // at first there are ten minutes of ticks at once
  });
  watching.addEventListener("line", ({ detail: { line, transport } }) => {
    const status = find(document, "#line");
    status.dataset.line = line;
    say(status, line === "live" ? `${LINES.live} over ${LABELS[transport]}` : LINES[line]);
  });
  watching.result.catch(({ code }) => {
    if (REFUSALS[code]) find(document, "#line").replaceChildren(make("a", { href: "../login/" }, REFUSALS[code]));
    // There is nothing before the first tick, nor when no gateway has told any for long.
    else setTimeout(follow, AGAIN, watching.cursor ?? undefined);
  });
}

function draw() {
  due = 0;
  const names = board.tasks();
  const failed = total(names.map((task) => task.failed));
  const stuck = total(names.map((task) => task.stuck));
  figure("running", board.levels("running"), [], board.running);
  figure("queued", board.levels("queued"), [], board.queued);
  figure("finished", total(names.map(({ succeeded }) => succeeded)), [], sum(names.map(({ perMinute }) => perMinute)));
  figure("failed", [], failed, sum(failed));
  figure("stuck", [], stuck, sum(stuck));
  figure("workers", board.levels("workers"), [], board.workers.filter(({ alive }) => alive).length);
  tasks?.show(taskRows(names), "No task ended in the last 5 minutes");
  queues?.show(queueRows(board), board.queues ? "No queues yet" : "The broker does not tell how long its queues are");
  workers?.show(workerRows(board), "No worker is online");
  finder.draw();
  finder.later();
  chosen.draw();
  void failures.look(sum(failed) + sum(stuck), board.now);
}

/**
 * @param {string} name
 * @param {(number | null)[]} good by bucket
 * @param {number[]} bad by bucket
 * @param {number | null} value what is written above the chart; null: nobody knows
 */
function figure(name, good, bad, value) {
  const place = find(document, `[data-figure="${name}"]`);
  say(find(place, "dd"), value?.toLocaleString("en") ?? UNKNOWN);
  sparkline(find(place, "svg"), good.map((level) => level ?? 0), bad);
}

/** @param {number[][]} series @returns {number[]} their sum, by bucket */
function total(series) {
  return Array.from({ length: BUCKETS }, (_, index) => sum(series.map((one) => one[index] ?? 0)));
}
