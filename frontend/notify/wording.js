/**
 * Every word that the bell says. A page in another language changes them, at any time:
 * `Object.assign(bellWords, { offer: "Sag mir Bescheid" })`.
 */
export const bellWords = {
  /** In front of the page's title, when a task has ended and nobody looked. */
  mark: "●",
  /** Of each final state, where a page tells of it itself. @type {Record<string, string>} */
  ends: { SUCCESS: "Done", FAILURE: "Failed", REVOKED: "Cancelled", IGNORED: "Ended", REJECTED: "Rejected", LOST: "Lost: its worker is gone" },
  offer: "Tell me when it’s done",
  offerAll: "Tell me when my jobs are done",
  stop: "Don’t tell me",
  asking: "Asking…",
  on: "This device will be told",
  unsupported: "This browser cannot tell you later",
  install: "To be told on this device, add the page to the Home Screen and open it from there",
  denied: "This site’s notifications are blocked: allow them in the browser’s settings",
  dismissed: "Notifications were not allowed",
  timeout: "The browser cannot reach its push service",
  /** @param {string} message */
  failed: (message) => `That did not work: ${message}`,
};
