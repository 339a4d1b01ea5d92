/** What a checker is to find: the line after each mark. */
import { watch } from "taskbeam";
import "taskbeam/element";

const report = watch<{ pages: number }>("7");
// wrong: the result is no string
export const pages: string = (await report.result).pages;
// wrong: the job's result is the same
export const again: string | undefined = report.job.result?.pages;
report.addEventListener("state", ({ detail }) => {
  // wrong: a state event's result, too
  const text: string | undefined = detail.result?.pages;
  console.log(text);
});
// wrong: there is no such option
watch("7", { url: "/live" });
// wrong: there is no such transport
watch("7", { transport: "pigeon" });

const element = document.createElement("task-progress");
// wrong: an id is a string
element.taskId = 7;
// wrong: there is no such property
element.taskID = "7";
// wrong: a transport has its name
element.transport = "pigeon";
// wrong: the failure has an error, and no result
element.addEventListener("task-failed", ({ detail }) => console.log(detail.result));
