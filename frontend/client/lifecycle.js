/**
 * What happens to a page: it sleeps and wakes, is put away and taken out again, and the network comes back.
 *
 * @typedef {object} Lifecycle
 * @property {() => void} wake something that was away may be back
 * @property {() => void} suspend the page is frozen, kept for the back button, or closed: let go of all that is shared
 * @property {() => void} resume
 */

/** @param {Lifecycle} life */
export function live({ wake, suspend, resume }) {
  // Not in Node; workers have only the first two.
  if (typeof globalThis.addEventListener !== "function") return;
  addEventListener("online", wake);
  addEventListener("offline", wake);
  if (typeof document === "undefined") return;
  addEventListener("pagehide", suspend);
  addEventListener("pageshow", ({ persisted }) => persisted && resume());
  document.addEventListener("freeze", suspend);
  document.addEventListener("resume", resume);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && wake());
}
