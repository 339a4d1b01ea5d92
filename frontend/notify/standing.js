/**
 * How a browser stands to being told. Pure.
 *
 * - `unsupported`: it cannot show what is pushed to it.
 * - `install`: it could, were the page on the Home Screen (iOS and iPadOS push to nothing else).
 * - `denied`: its user has blocked the site's notifications.
 * - `off`: nobody has asked its user yet, or nothing is wanted at the moment.
 *
 * @typedef {"unsupported" | "install" | "denied" | "off"} Standing
 *
 * @typedef {object} Facts
 * @property {boolean} worker it has service workers; not in a page by plain HTTP, for instance
 * @property {boolean} push
 * @property {string} [permission] `Notification.permission`; undefined where there is none
 * @property {boolean} apple it is an iPhone's or an iPad's
 * @property {boolean} installed the page was opened from the Home Screen
 */

/**
 * @param {Facts} facts
 * @returns {Standing}
 */
export function standingOf({ worker, push, permission, apple, installed }) {
  if (apple && !installed) return "install";
  if (!worker || !push || !permission) return "unsupported";
  return permission === "denied" ? "denied" : "off";
}

/** @returns {Standing} that of this page */
export function standing() {
  const { navigator, Notification, isSecureContext, matchMedia } = globalThis;
  // iPadOS says that it is a Mac.
  const touched = /Mac/.test(navigator.userAgent) && navigator.maxTouchPoints > 1;
  return standingOf({
    worker: isSecureContext && "serviceWorker" in navigator,
    push: "PushManager" in globalThis,
    permission: Notification?.permission,
    apple: touched || /iP(hone|ad|od)/.test(navigator.userAgent),
    installed: matchMedia("(display-mode: standalone)").matches,
  });
}
