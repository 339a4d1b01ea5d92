/**
 * What happens to a page: it sleeps and wakes, is put away and taken out again, and the network comes back.
 *
 * @typedef {object} Lifecycle
 * @property {(wish: {op: "wake"}) => void} obey something that was away may be back
 * @property {() => void} suspend the page is frozen, kept for the back button, or closed: let go of all that is shared
 * @property {() => void} resume
 */

/** @param {Lifecycle} life */
export function live(life) {
  // Not in Node; workers have only the first two.
  if (typeof globalThis.addEventListener !== "function") return;
  const wake = () => life.obey({ op: "wake" });
  const suspend = () => life.suspend();
  addEventListener("online", wake);
  addEventListener("offline", wake);
  if (typeof document === "undefined") return;
  addEventListener("pagehide", suspend);
  addEventListener("pageshow", ({ persisted }) => persisted && life.resume());
  document.addEventListener("freeze", suspend);
  document.addEventListener("resume", () => life.resume());
  document.addEventListener("visibilitychange", () => document.hidden || wake());
}
