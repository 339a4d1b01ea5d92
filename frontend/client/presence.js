/**
 * Who is there: each tab holds a lock of its own for as long as it lives. A browser frees the locks of a tab that crashed,
 * too, so whoever waits for one learns of every end, also of one that could not be said.
 *
 * @param {string} lock of this tab
 * @param {() => void} there what to do once it is held
 * @returns {() => void} lets it go
 */
export function enter(lock, there) {
  const controller = new AbortController();
  let leave = () => controller.abort();
  const stay = () =>
    new Promise((/** @type {(value?: any) => void} */ resolve) => {
      leave = resolve;
      there();
    });
  navigator.locks.request(lock, { signal: controller.signal }, stay).catch(() => {}); // left before, or there are no locks
  return () => leave();
}

/**
 * @param {string} lock of another tab
 * @param {AbortSignal} signal nobody has to know any more
 * @param {() => void} gone what to do when it is no more
 */
export function whenGone(lock, signal, gone) {
  navigator.locks.request(lock, { signal }, gone).catch(() => {});
}
