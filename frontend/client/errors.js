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

  /** Each of the files that a gateway serves has a class of its own. @param {any} error @returns {error is TaskError} */
  static [Symbol.hasInstance](error) {
    return error?.name === "TaskError";
  }
}

/**
 * @param {Response} response that is not ok
 * @returns {Promise<TaskError>} what its problem says; something on the way may have answered instead
 */
export async function problemOf(response) {
  const problem = await response.json().catch(() => ({}));
  const code = problem.code ?? `http_${response.status}`;
  return new TaskError(code, problem.detail ?? problem.title ?? code);
}
