import { post, refused } from "./ask.js";

/**
 * Who has signed in.
 *
 * @returns {Promise<{offered: boolean, account: string | null, tells: string[], kills: boolean, dashboard: boolean}>}
 *   `offered`: whether the service has accounts at all; `tells`: how its gateway tells of ends, `push` or `webhook`;
 *   `kills`: whether its worker may be killed; `dashboard`: whether it has one
 */
export async function session() {
  const response = await fetch("session").catch(() => null);
  return response?.ok ? response.json() : { offered: false, account: null, tells: [], kills: false, dashboard: false };
}

/** @param {string} name @param {string} password @returns {Promise<unknown>} rejects with a ProblemError */
export function signIn(name, password) {
  return post("session", JSON.stringify({ name, password }), "application/json");
}

/** @param {string} name @param {string} password @returns {Promise<unknown>} rejects with a ProblemError */
export function signUp(name, password) {
  return post("account", JSON.stringify({ name, password }), "application/json");
}

/**
 * This browser is told nothing more of whoever has signed in here: the next one may be somebody else.
 *
 * @returns {Promise<void>} rejects with a ProblemError
 */
export async function signOut() {
  const { forget } = await import("./late.js");
  await forget().catch(() => null);
  const response = await fetch("session", { method: "DELETE" }).catch(() => null);
  if (!response?.ok) throw await refused(response);
}
