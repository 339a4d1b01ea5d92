/** A component as an application has it: one task by the hook, the same by the element; a feed. `?task=`, `?element`, `?feed=` */
import { createElement as h, memo, StrictMode, useState } from "react";
import { createRoot } from "react-dom-client";

import "../element/index.js";
import { useFeed, useTask } from "../react.js";

const query = new URLSearchParams(location.search);
window.done = [];
window.watches = 0;
window.drawn = {};

/** Each watch asks once when it begins. */
function getToken() {
  window.watches += 1;
  return "";
}

function Job({ taskId, transport }) {
  const { job, events, error, line, transport: over, cancel } = useTask(taskId, { transport, getToken, keep: 3 });
  window.cancels = new Set([...(window.cancels ?? []), cancel]);
  return h(
    "section",
    null,
    h("p", { id: "state" }, job.state),
    h("p", { id: "line" }, `${line} ${over}`),
    h("p", { id: "error" }, error?.code),
    h("p", { id: "events" }, events.map(({ id }) => id.split("-")[1]).join(" ")),
    h("button", { onClick: () => cancel() }, "Stop"),
  );
}

/** Draws again only when its own task has changed. */
const Row = memo(({ task }) => {
  window.drawn[task.taskId] = (window.drawn[task.taskId] ?? 0) + 1;
  return h("li", null, `${task.taskId} ${task.state}`);
});

function Feed({ feed, limit }) {
  const { tasks, rollup, error, line } = useFeed(feed, { limit, getToken });
  return h(
    "section",
    null,
    h("ul", { id: "tasks" }, tasks.map((task) => h(Row, { key: task.taskId, task }))),
    h("p", { id: "rollup" }, rollup ? `${rollup.open} of ${rollup.total}` : ""),
    h("p", { id: "feed-line" }, `${line} ${error?.code ?? ""}`),
  );
}

function App() {
  const [taskId, setTaskId] = useState(query.get("task"));
  const [transport, setTransport] = useState("auto");
  const [feed, setFeed] = useState(query.get("feed"));
  const [limit, setLimit] = useState();
  const [shown, setShown] = useState(true);
  const [, again] = useState(0);
  Object.assign(window, { setTaskId, setTransport, setFeed, setLimit, setShown, again });
  if (!shown) return h("p", null, "Nothing");
  return h(
    "div",
    null,
    h(Job, { taskId, transport }),
    h(Feed, { feed, limit }),
    query.has("element") &&
      h("task-progress", { taskId, label: "Import", cancellable: true, "ontask-done": (event) => window.done.push(event.detail.result) }),
  );
}

createRoot(document.getElementById("root")).render(h(StrictMode, null, h(App)));
