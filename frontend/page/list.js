/** @import { TaskFeed } from "../element/feed/index.js" */
/** @import { Follow } from "./follow.js" */
import "../element/feed/index.js";

/** The page's jobs, each of which leads to its details: the element for lists draws them. */
export class List {
  #element;
  /** @type {Follow[]} */
  #jobs = [];

  /** @param {TaskFeed} element */
  constructor(element) {
    this.#element = element;
    element.titleOf = ({ taskId }) => this.#jobs.find(({ task }) => task.task_id === taskId)?.task.title;
    element.linkOf = ({ taskId }) => `#${encodeURIComponent(taskId)}`;
    this.draw();
  }

  /** @param {Follow} follow @param {{first: boolean}} where */
  add(follow, { first }) {
    this.#jobs = first ? [follow, ...this.#jobs] : [...this.#jobs, follow];
    this.draw();
  }

  /** @param {string} taskId @returns {string | undefined} the task beside it */
  remove(taskId) {
    const place = this.#jobs.findIndex(({ task }) => task.task_id === taskId);
    this.#jobs = this.#jobs.filter((_, other) => other !== place);
    this.draw();
    return (this.#jobs[place] ?? this.#jobs.at(-1))?.task.task_id;
  }

  draw() {
    this.#element.tasks = this.#jobs.map(({ task, job }) => ({ ...job, taskId: task.task_id }));
  }

  /** @param {string} taskId the one whose details are shown; "" for none */
  mark(taskId) {
    this.#element.current = taskId;
  }
}
