import type { TaskProgress } from "taskbeam/element";
import { useFeed, useTask } from "taskbeam/react";
import "taskbeam/element";
import "taskbeam/feed";
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

export function Imports() {
  const { tasks, rollup, error } = useFeed<Imported>("owner:me", { limit: 20, getToken: (feed) => `token of ${feed}` });
  if (error) return <p role="alert">{error.message}</p>;
  return (
    <section>
      {rollup?.done["SUCCESS"]} {tasks.map((task) => <p key={task.taskId}>{task.result?.rows}</p>)}
      <task-feed
        feed="owner:me"
        limit={20}
        label="Imports"
        titleOf={({ name }) => name}
        onfeed-change={(event) => console.log(event.detail.rollup.open)}
        onfeed-failed={(event) => console.error(event.detail.error.code)}
      />
    </section>
  );
}
