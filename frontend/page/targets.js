/** Who is told of an account's jobs, and of which: asked of the page's own gateway, and changed there. */
/** @typedef {import("./standing.js").Health} Health */
import { send } from "./ask.js";

/**
 * @typedef {Health & {device: string, browser: string, every: boolean, created: number, heard: number}} Device
 * @typedef {Health & {webhook: string, url: string, states?: string[], names?: string[], tags?: string[]}} Webhook
 * @typedef {{channel: "push" | "webhook" | "*", tasks: string, tell: "all" | "failures" | "none"}} Preference
 *
 * @typedef {object} Told
 * @property {Device[] | null} devices null: the gateway does not push
 * @property {Webhook[] | null} webhooks null: it has none
 * @property {Preference[]} preferences
 * @property {string[]} critical tasks that no preference silences
 */

/**
 * @param {string[]} channels those that the gateway has: `push`, `webhook`
 * @returns {Promise<Told>} rejects with a ProblemError
 */
export async function told(channels) {
  const [push, hooks, { preferences, critical }] = await Promise.all([
    channels.includes("push") ? send("GET", "push") : null,
    channels.includes("webhook") ? send("GET", "webhooks") : null,
    send("GET", "notifications/preferences"),
  ]);
  return { devices: push?.devices ?? null, webhooks: hooks?.webhooks ?? null, preferences, critical };
}

/** @param {string} device @returns {Promise<unknown>} rejects with a ProblemError */
export const removeDevice = (device) => send("DELETE", `push/${device}`);

/** @param {string} webhook @returns {Promise<unknown>} rejects with a ProblemError */
export const removeWebhook = (webhook) => send("DELETE", `webhooks/${webhook}`);

/** @param {string} webhook @returns {Promise<unknown>} rejects with a ProblemError */
export const enableWebhook = (webhook) => send("POST", `webhooks/${webhook}/enable`);

/** @param {string} webhook @returns {Promise<{taken: boolean, answer: string}>} rejects with a ProblemError */
export const tryWebhook = (webhook) => send("POST", `webhooks/${webhook}/test`);

/** @param {Preference[]} preferences all of them @returns {Promise<unknown>} rejects with a ProblemError */
export const prefer = (preferences) => send("PUT", "notifications/preferences", { preferences });
