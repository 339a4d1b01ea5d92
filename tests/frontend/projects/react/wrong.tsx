/** What a checker is to find: the line after each mark. */
import { useTask } from "taskbeam/react";
import "taskbeam/element";

export function Wrong() {
  const { job } = useTask<{ rows: number }>("7");
  // wrong: the result is no string
  const rows: string | undefined = job.result?.rows;
  return (
    <>
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
