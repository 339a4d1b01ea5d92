/** @returns {Promise<string>} the id of the task that makes the report */
export async function orderReport() {
  const answer = await fetch("/reports", { method: "POST" });
  return (await answer.json()).task_id;
}
