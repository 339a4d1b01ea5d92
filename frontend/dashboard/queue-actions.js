/** Purge, pause and resume one queue: asked about before, and told afterwards how far that got. */
import { make } from "../look/dom.js";
import { counted, isolated } from "../look/wording.js";
import { controlQueue } from "./requests.js";

/** @import { Question, Sure, Told } from "./sure.js" */
/** @import { PurgedQueue, QueueWorkers } from "./requests.js" */

/** @typedef {"purge" | "pause" | "resume"} QueueAct */

/** @type {Record<QueueAct, (queue: string) => Question>} */
const QUESTIONS = {
  purge: (queue) => ({
    question: `Purge the queue ${queue}?`,
    note: "All jobs that wait in it end as cancelled, and cannot be brought back. Jobs that a worker has fetched already still run.",
    yes: "Purge queue",
  }),
  pause: (queue) => ({
    question: `Pause the queue ${queue}?`,
    note: "Its workers stop taking jobs from it; those that they have fetched still run. A worker that starts or restarts later takes jobs from it.",
    yes: "Pause queue",
  }),
  resume: (queue) => ({
    question: `Resume the queue ${queue}?`,
    note: "The workers that were told to pause take jobs from it again.",
    yes: "Resume queue",
  }),
};

/** @param {Sure} sure @param {QueueAct} what @param {string} queue */
export function askAboutQueue(sure, what, queue) {
  sure.ask(QUESTIONS[what](isolated(queue)), async () => {
    const answer = await controlQueue(what, queue);
    return "purged" in answer ? purged(answer) : { note: controlled(what, answer), lines: answer.silent.map((worker) => make("li", {}, make("code", {}, worker), " did not answer")) };
  });
}

/** @param {PurgedQueue} answer @returns {Told} */
export function purged({ purged, ended, kept, more }) {
  const told = [
    purged ? `${counted(purged, "message")} taken out, ${counted(ended, "job")} ended.` : "Nothing was taken out.",
    kept && `${counted(kept, "message")} ${kept === 1 ? "stays: its job runs, or its worker is" : "stay: their jobs run, or their worker is"} lost. Cancel those one by one.`,
    more && "There was no time for the rest: purge once more.",
  ];
  return { note: told.filter(Boolean).join(" ") };
}

/** @param {QueueAct} what @param {QueueWorkers} answer */
export function controlled(what, { workers, silent }) {
  const done = what === "pause" ? "stopped taking jobs from it" : `${workers.length === 1 ? "takes" : "take"} jobs from it again`;
  if (workers.length) return `${workers.join(", ")} ${done}. The table shows it within seconds.`;
  if (silent.length) return "None of its workers answered.";
  return what === "pause" ? "No worker takes jobs from this queue, so there is nothing to pause." : "The paused workers have stopped. They take jobs from it again when they restart.";
}
