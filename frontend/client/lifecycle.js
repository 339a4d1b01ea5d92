/**
 * What happens to a page: it sleeps and wakes, is put away and taken out again, and the network comes back.
 *
 * @typedef {object} Lifecycle
 * @property {(command: {op: "wake"}) => void} execute something that was away may be back
 * @property {() => void} suspend the page is frozen, kept for the back button, or closed: let go of all that is shared
 * @property {() => void} resume
 */

/** @param {Lifecycle} life */
export function live(life) {
  const { document } = globalThis;
  const wake = () => life.execute({ op: "wake" });
  const suspend = () => life.suspend();
  // Node has none of this, a worker only the first two.
  globalThis.addEventListener?.("online", wake);
  globalThis.addEventListener?.("offline", wake);
  if (!document) return;
  addEventListener("pagehide", suspend);
  addEventListener("pageshow", ({ persisted }) => persisted && life.resume());
  document.addEventListener("freeze", suspend);
  document.addEventListener("resume", () => life.resume());
  document.addEventListener("visibilitychange", () => document.hidden || wake());
}
