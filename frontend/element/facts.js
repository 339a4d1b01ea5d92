import { words } from "./wording.js";

/**
 * What the details list, for who wants to know exactly. Pure.
 *
 * @param {string} taskId
 * @param {import("../client/job.js").Job} job
 * @param {{line: string, transport: string} | null} connection
 * @returns {[term: string, fact: unknown][]} only what is known
 */
export function facts(taskId, { name, cursor, attempt }, connection) {
  /** @type {[string, unknown][]} */
  const known = [
    [words.task, name],
    [words.id, taskId],
    [words.attempt, cursor && attempt],
    [words.connection, connection && `${connection.line} · ${connection.transport}`],
  ];
  return known.filter(([, fact]) => fact);
}
