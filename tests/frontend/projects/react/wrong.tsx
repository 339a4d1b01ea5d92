/** What a checker is to find: the line after each mark. */
import { useFeed, useTask } from "taskbeam/react";
import "taskbeam/element";
import "taskbeam/feed";

export function Wrong() {
  const { job } = useTask<{ rows: number }>("7");
  // wrong: the result is no string
  const rows: string | undefined = job.result?.rows;
  const { tasks } = useFeed<{ rows: number }>("owner:me");
  // wrong: nor is that of a feed's task
  const first: string | undefined = tasks[0]?.result?.rows;
  return (
    <>
      {first}
      {/* wrong: a feed is called by its name */}
      <task-feed feed={7} />
      {rows}
      {/* wrong: there is no such attribute */}
      <task-progress taskID="7" />
      {/* wrong: an id is a string */}
      <task-progress taskId={7} />
      {/* wrong: the failure has an error, and no result */}
      <task-progress task-id="7" ontask-failed={(event) => console.log(event.detail.result)} />
    </>
  );
}
