const element = document.querySelector("task-progress");

document.querySelector("button").onclick = async () => {
  const answer = await fetch("/reports", { method: "POST" });
  element.taskId = (await answer.json()).task_id;
};

element.addEventListener("task-done", ({ detail }) => {
  document.querySelector("p").textContent = `${detail.result.orders} orders`;
});
