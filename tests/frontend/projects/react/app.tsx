import type { TaskProgress } from "taskbeam/element";
import { useTask } from "taskbeam/react";
import "taskbeam/element";
import { useRef, useState } from "react";

interface Imported {
  rows: number;
}

export function Import({ id }: { id: string }) {
  const { job, events, error, line, cancel } = useTask<Imported>(id, { baseUrl: "/live", getToken: (id) => `token of ${id}` });
  const rows: number | undefined = job.result?.rows;
  if (error) return <p role="alert">{error.message}</p>;
  if (job.final) return <p>{rows} rows</p>;
  return (
    <p>
      {line} {events.length} <progress max="100" value={job.progress?.percent} />
      <button onClick={() => void cancel({ terminate: true })}>Cancel</button>
    </p>
  );
}

export function Element({ id }: { id: string }) {
  const element = useRef<TaskProgress>(null);
  const [rows, setRows] = useState<number>();
  return (
    <task-progress
      ref={element}
      className="import"
      taskId={id}
      baseUrl="/live"
      label="Import"
      cancellable
      getToken={async () => "token"}
      ontask-done={(event) => setRows(event.detail.result.rows)}
      ontask-failed={(event) => console.error(event.detail.error.code)}
      ontask-cancel={(event) => event.preventDefault()}
    >
      <b slot="done">{rows} rows</b>
    </task-progress>
  );
}
