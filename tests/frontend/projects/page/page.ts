/** A page without a framework. */
import { TaskError, watch, watchFeed } from "taskbeam";
import { words } from "taskbeam/element";
import { feedWords } from "taskbeam/feed";

interface Report {
  report_url: string;
  pages: number;
}

const bar = document.querySelector("progress");
const link = document.querySelector("a");

export async function follow(taskId: string): Promise<number> {
  const report = watch<Report>(taskId, { baseUrl: "/live", getToken: async (id) => `token of ${id}` });
  report.addEventListener("progress", ({ detail }) => {
    if (bar) bar.value = detail.progress?.percent ?? 0;
  });
  report.addEventListener("state", ({ detail }) => console.log(detail.state, detail.result?.pages));
  report.addEventListener("line", ({ detail: { line, transport } }) => console.log(line, transport));
  for await (const event of report) if (event.type === "gap") console.log(event.snapshot.state);
  try {
    const { pages, report_url } = await report.result;
    if (link) link.href = report_url;
    return pages;
  } catch (error) {
    if (error instanceof TaskError) console.error(error.code, error.ref);
    return 0;
  }
}

export function show(taskId: string): void {
  const element = document.createElement("task-progress");
  element.taskId = taskId;
  element.transport = "sse";
  element.cancellable = true;
  element.getToken = () => "token";
  element.addEventListener("task-done", ({ detail }) => console.log(detail.result, detail.job.attempt));
  document.body.append(element);
  document.body.addEventListener("task-failed", ({ detail: { error } }) => console.error(error.code));
  document.addEventListener("task-cancel", (event) => event.preventDefault());
  void document.querySelector("task-progress")?.cancel();
  console.log(element.watch?.line, element.job.state);
  words.cancel = "Abbrechen";
}

export function list(): () => void {
  const mine = watchFeed<Report>("owner:me", { baseUrl: "/live", limit: 10 });
  mine.addEventListener("change", () => console.log(mine.tasks.map(({ taskId, result }) => [taskId, result?.pages]), mine.rollup?.open));
  mine.addEventListener("event", ({ detail }) => console.log(detail.task_id));
  const element = document.createElement("task-feed");
  element.feed = "owner:me";
  element.titleOf = ({ name }) => name;
  element.addEventListener("feed-change", ({ detail }) => console.log(detail.rollup.done));
  feedWords.titles["reports.generate"] = "Bericht";
  return () => mine.close();
}
