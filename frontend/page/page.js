/** The live page: asks for jobs, and shows each from its first event to its last. */
/** @import { Mode } from "../client/index.js" */
/** @import { RecentJob } from "./recent.js" */
import { find } from "../look/dom.js";
import { accountPlace } from "./account.js";
import { Announcer } from "./announcer.js";
import { Detail } from "./detail.js";
import { bellOfAll, feedOf } from "./feeds.js";
import { dropOnce } from "./first-visit.js";
import { Follow } from "./follow.js";
import { launchPad } from "./launch.js";
import { List } from "./list.js";
import { forget, recent, recentOf, remember } from "./recent.js";
import { session } from "./session.js";
import { showTab } from "./tab.js";

/** Milliseconds between two looks at what a passing moment changes. */
const TICK = 100;
/** Below this width the details stand under the list. */
const NARROW = matchMedia("(max-width: 61.99rem)");

const address = new URL(".", location.href).href.replace(/\/$/, "");
for (const place of document.querySelectorAll(".address")) place.textContent = address;

/** Task id → what the page holds of it; newest first. @type {Map<string, Follow>} */
const jobs = new Map();
/** Those to draw with the next frame: a task may tell more than a screen can show. @type {Set<Follow>} */
const changed = new Set();
/** Jobs that were asked for in this visit: the others are no news. @type {Set<string>} */
const fresh = new Set();
/** @type {Mode} */
let mode = "auto";

const list = new List(find(document, "#jobs"));
const detail = new Detail(find(document, "#detail"), { chosen: (transport) => (mode = transport), dismiss });
const announcer = new Announcer(find(document, "#announcer"));

/** @param {RecentJob} task @param {{first: boolean}} where */
function follow(task, where) {
  const job = new Follow(task, mode, (one, event) => {
    if (!changed.size) requestAnimationFrame(draw);
    changed.add(one);
    if (event && fresh.has(task.task_id)) announcer.heard(task.title, one.job);
  });
  jobs.set(task.task_id, job);
  list.add(job, where);
  arrange();
}

/** @param {RecentJob} task @param {boolean} long */
function started(task, long) {
  remember(task);
  fresh.add(task.task_id);
  follow(task, { first: true });
  open(task.task_id);
  detail.bringIntoView();
  const job = selected();
  if (long && job) dropOnce(job.watch, () => detail.note("This page has dropped the connection once, so that you see it heal."));
}

function draw() {
  list.draw();
  const shown = selected();
  if (shown && changed.has(shown)) {
    detail.draw();
    showTab(shown);
  }
  if ([...changed].some(({ over }) => over)) arrange();
  changed.clear();
}

/** The address names the job whose details are shown, so that it can be passed on; what names none is "". */
function named() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
}

function selected() {
  return jobs.get(named());
}

/** @param {string | undefined} taskId */
function open(taskId) {
  history.replaceState(null, "", taskId ? `#${taskId}` : location.pathname);
  select();
}

function select() {
  const taskId = named();
  if (taskId && !jobs.has(taskId)) follow({ task_id: taskId, title: `Task ${taskId.slice(0, 8)}` }, { first: true });
  list.mark(taskId);
  detail.show(jobs.get(taskId));
  arrange();
  showTab(selected());
}

/** @param {string} taskId */
function dismiss(taskId) {
  const wasShown = selected()?.task.task_id === taskId;
  jobs.get(taskId)?.watch.close();
  jobs.delete(taskId);
  forget(taskId);
  const neighbour = list.remove(taskId);
  if (wasShown) open(neighbour);
  arrange();
  if (neighbour) detail.focus();
  else find(document, "#jobs-title").focus();
}

function arrange() {
  find(document, "#how").hidden = selected() !== undefined;
  find(document, "#clear").hidden = ![...jobs.values()].some(({ over }) => over);
}

find(document, "#clear").addEventListener("click", () => {
  for (const [taskId, { over }] of jobs) if (over) dismiss(taskId);
});

// The hash has changed by the time a link's click is over.
find(document, "#jobs").addEventListener("click", (click) => {
  if (!click.composedPath().some((node) => node instanceof HTMLAnchorElement)) return;
  setTimeout(() => (NARROW.matches ? detail.focus() : detail.bringIntoView()));
});

/** @param {string[]} channels */
async function tell(channels) {
  const { toldPlace } = await import("./late.js");
  await toldPlace(find(document, "#told"), find(document, "#to-told"), channels);
}

async function begin() {
  const { offered, account, tells, kills, dashboard } = await session();
  detail.offerKilling(kills);
  find(document, "#to-dashboard").hidden = !dashboard;
  if (offered) accountPlace(find(document, "#account"), find(document, "#sign-in"), account);
  if (account !== null) {
    recentOf(account);
    const mine = feedOf("owner:me", "My jobs");
    mine.append(bellOfAll());
    find(document, "#mine").append(mine);
    if (tells.length) void tell(tells);
  }
  for (const task of recent()) follow(task, { first: false });
  if (!named()) open(jobs.keys().next().value);
  else select();
  addEventListener("hashchange", select);
  setInterval(() => detail.tick(), TICK);
}

// The forms work at once; a job is shown as soon as it is known whose jobs the page remembers.
const begun = begin();
launchPad(find(document, "#launch"), (task, long) => void begun.then(() => started(task, long)));
void begun.then(() => import("./late.js"));
