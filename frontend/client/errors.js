/** Why there is no result: how the task ended, or that it cannot be followed. */
export class TaskError extends Error {
  /**
   * @param {string} code stable: what a program looks at
   * @param {string} message for people
   * @param {{ref?: string, state?: string}} [more]
   */
  constructor(code, message, { ref, state } = {}) {
    super(message);
    this.name = "TaskError";
    this.code = code;
    /** What the operator finds in the log. */
    this.ref = ref;
    /** The task's final state, where it has one. */
    this.state = state;
  }
}
