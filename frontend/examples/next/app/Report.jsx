"use client";

import { useState } from "react";
import "taskbeam/element";
import { useTask } from "taskbeam/react";

/** Attributes, and not properties: the server's HTML has them, too. */
export function Report({ task }) {
  const [taskId, setTaskId] = useState(task);
  const { job } = useTask(taskId ?? null, { baseUrl: "/live" });

  async function make() {
    const answer = await fetch("/reports", { method: "POST" });
    setTaskId((await answer.json()).task_id);
  }

  return (
    <>
      <button onClick={make}>Make a report</button>
      {taskId && <task-progress task-id={taskId} base-url="/live" label="Report" cancellable="" />}
      {job.result && <p>{job.result.orders} orders</p>}
    </>
  );
}
