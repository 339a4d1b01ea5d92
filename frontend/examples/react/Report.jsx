import { useState } from "react";
import "taskbeam/element";
import { useTask } from "taskbeam/react";
import { orderReport } from "../order.js";

export function Report() {
  const [taskId, setTaskId] = useState(null);
  const { job } = useTask(taskId, { baseUrl: "/live" });
  return (
    <>
      <h1>React</h1>
      <button onClick={async () => setTaskId(await orderReport())}>Make a report</button>
      {taskId && <task-progress taskId={taskId} baseUrl="/live" label="Report" cancellable />}
      {job.result && <p>{job.result.orders} orders</p>}
    </>
  );
}
