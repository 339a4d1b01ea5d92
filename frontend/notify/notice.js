import { remembered } from "./memory.js";

/**
 * Tell of an end without a server, where a hidden tab has heard of it: its user has allowed notifications, and this
 * device is not pushed to. Nobody is asked for anything, and where the gateway tells, the page does not.
 *
 * @param {URL} base of the gateway
 * @param {string} taskId
 * @param {string} title
 * @param {string} body
 * @returns {Promise<boolean>} whether it was shown
 */
export async function notice(base, taskId, title, body) {
  const { Notification } = globalThis;
  if (Notification?.permission !== "granted" || (await isPushedTo(base))) return false;
  try {
    const shown = new Notification(title, { body, tag: await tagOf(taskId) });
    shown.onclick = () => {
      window.focus();
      shown.close();
    };
    return true;
  } catch {
    return false; // Android shows only what a service worker shows
  }
}

/** @param {URL} base */
async function isPushedTo(base) {
  if (remembered(base).device) return true;
  try {
    const all = await navigator.serviceWorker.getRegistrations();
    const subscriptions = await Promise.all(all.map(({ pushManager }) => pushManager.getSubscription()));
    return subscriptions.some((subscription) => subscription !== null);
  } catch {
    return false; // it has no service workers, so nothing pushes to it
  }
}

/** As the gateway names its message of the task: a later one takes the place of an earlier one. @param {string} taskId */
async function tagOf(taskId) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(taskId));
  const hex = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0"));
  return `taskbeam-${hex.join("").slice(0, 16)}`;
}
