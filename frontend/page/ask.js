/** Asking the page's own application for jobs: it is below the same path, wherever that is mounted. */

/**
 * @typedef {object} Accepted
 * @property {string} task_id
 * @property {string} [token]
 */

/** A refusal of the gateway, as RFC 9457 tells it. */
export class ProblemError extends Error {
  /** @param {{title?: string, detail?: string, code?: string}} problem */
  constructor({ title, detail, code }) {
    super([title, detail, code && `(${code})`].filter(Boolean).join(" "));
  }
}

/**
 * @param {number} userId
 * @returns {Promise<Accepted>} rejects with a ProblemError
 */
export function requestReport(userId) {
  return post("reports", JSON.stringify({ user_id: userId }), "application/json");
}

/**
 * @param {number[]} userIds
 * @returns {Promise<Accepted>} rejects with a ProblemError
 */
export function requestBatch(userIds) {
  return post("reports/batches", JSON.stringify({ user_ids: userIds }), "application/json");
}

/**
 * @param {Blob} picture
 * @returns {Promise<Accepted>} rejects with a ProblemError
 */
export function requestImages(picture) {
  return post("images", picture, "application/octet-stream");
}

/**
 * @param {number} words
 * @returns {Promise<Accepted>} rejects with a ProblemError
 */
export function requestText(words) {
  return post("texts", JSON.stringify({ words }), "application/json");
}

/** @returns {Promise<Accepted>} rejects with a ProblemError */
export function requestYear() {
  return post("reports/year", "{}", "application/json");
}

/** Kill the worker, where the service offers that. @returns {Promise<unknown>} rejects with a ProblemError */
export function killWorker() {
  return send("POST", "development/kill-worker");
}

/** @param {string} path @param {BodyInit} body @param {string} type @returns {Promise<any>} rejects with a ProblemError */
export async function post(path, body, type) {
  const response = await fetch(path, { method: "POST", headers: { "content-type": type }, body }).catch(() => null);
  if (!response?.ok) throw await refused(response);
  return response.json();
}

/**
 * @param {string} method
 * @param {string} path
 * @param {object} [body] goes as JSON
 * @returns {Promise<any>} what is answered, if anything; rejects with a ProblemError
 */
export async function send(method, path, body) {
  const headers = body && { "content-type": "application/json" };
  const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) }).catch(() => null);
  if (!response?.ok) throw await refused(response);
  // Its length may not be told: a proxy that compresses an answer leaves that out.
  const text = await response.text();
  return text ? JSON.parse(text) : null;
}

/** @param {Response | null} response null: there is none */
export async function refused(response) {
  if (!response) return new ProblemError({ title: "The gateway does not answer." });
  return new ProblemError(await response.json().catch(() => ({ title: `The gateway answered ${response.status}.` })));
}
