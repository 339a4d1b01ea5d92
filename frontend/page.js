/** The live page: asks for reports, and shows each job from its first event to its last. */
import { Announcer } from "./announcer.js";
import { JobCard } from "./card.js";
import { after, UNHEARD } from "./client/job.js";
import { forget, recent, remember } from "./recent.js";
import { requestReport } from "./reports.js";
import { TaskStream } from "./stream.js";

/** A browser opens six HTTP/1.1 connections to a site; two are left for everything that is not a stream. */
const MOST_EVENT_SOURCES = 4;
const TICK = 250;

const form = document.getElementById("new-job");
const note = document.getElementById("note");
const HINT = note.textContent;
const list = document.getElementById("jobs");
const announcer = new Announcer(document.getElementById("announcer"));

/** Task id → what the page holds of it. */
const jobs = new Map();

function follow(task, { fresh }) {
  const card = new JobCard(task, { fresh, dismiss: () => dismiss(task.task_id) });
  const entry = { card, job: UNHEARD };
  entry.stream = new TaskStream(task.urls, transport(), {
    heard(event, over) {
      entry.job = after(entry.job, event);
      card.hear(entry.job, event, over);
      if (fresh) announcer.heard(task.title, entry.job);
    },
    line(line, over) {
      card.showLine(line, over);
      arrange();
    },
  });
  jobs.set(task.task_id, entry);
  if (fresh) list.prepend(card.element);
  else list.append(card.element);
  entry.stream.connect();
}

/** The chosen transport; a socket also when too many event streams are open already. */
function transport() {
  const open = [...jobs.values()].filter(({ stream }) => !stream.ended && stream.transport === "sse");
  return open.length < MOST_EVENT_SOURCES ? form.elements.transport.value : "websocket";
}

function dismiss(taskId) {
  const { card, stream } = jobs.get(taskId);
  const neighbour = card.element.nextElementSibling ?? card.element.previousElementSibling;
  stream.stop();
  jobs.delete(taskId);
  forget(taskId);
  card.element.remove();
  arrange();
  (neighbour?.querySelector(".dismiss") ?? document.getElementById("jobs-title")).focus();
}

function arrange() {
  document.getElementById("empty").hidden = jobs.size > 0;
  document.getElementById("clear").hidden = ![...jobs.values()].some(({ stream }) => stream.ended);
}

function say(text, kind = "hint") {
  note.textContent = text;
  note.dataset.kind = kind;
}

form.addEventListener("submit", async (submit) => {
  submit.preventDefault();
  const userId = Number(form.elements.user_id.value);
  say(HINT);
  try {
    const task = { title: `Report for user ${userId}`, ...(await requestReport(userId)) };
    remember(task);
    follow(task, { fresh: true });
    form.elements.user_id.select();
  } catch (problem) {
    say(problem.message, "problem");
  }
});

form.addEventListener("change", ({ target }) => {
  if (target.name !== "transport") return;
  for (const { stream } of jobs.values()) {
    if (!stream.ended) stream.hop(transport());
  }
});

document.getElementById("clear").addEventListener("click", () => {
  for (const [taskId, { stream }] of jobs) if (stream.ended) dismiss(taskId);
});

setInterval(() => {
  for (const { card } of jobs.values()) card.tick();
}, TICK);

for (const place of document.querySelectorAll(".origin")) place.textContent = location.origin;
for (const task of recent()) follow(task, { fresh: false });
arrange();
