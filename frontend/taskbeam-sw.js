/**
 * What a service worker does with a message about a task. Import it in yours, `importScripts("/live/taskbeam-sw.js")`,
 * or register it as it is. It leaves alone what is not ours.
 */
(() => {
  /** @type {any} */
  const worker = self;

  /** @param {any} event of type `push` @returns {any} its notification; null for somebody else's message */
  function read(event) {
    try {
      const { web_push, notification } = event.data.json();
      return web_push === 8030 && notification.tag.startsWith("taskbeam-") ? notification : null;
    } catch {
      return null;
    }
  }

  /** @param {string} navigate with its fragment, which may name the job @returns {Promise<any>} the tab that is there */
  async function tab(navigate) {
    const tabs = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
    return tabs.find((/** @type {any} */ { url }) => url === navigate);
  }

  /** Say nothing to whoever is looking at it. @param {any} notification */
  async function show({ title, navigate, ...options }) {
    if ((await tab(navigate))?.visibilityState === "visible") return;
    await worker.registration.showNotification(title, { ...options, data: { taskbeam: navigate } });
  }

  /** @param {string} navigate */
  async function go(navigate) {
    const open = await tab(navigate);
    return open ? open.focus() : worker.clients.openWindow(navigate);
  }

  worker.addEventListener("push", (/** @type {any} */ event) => {
    const notification = read(event);
    if (notification) event.waitUntil(show(notification));
  });
  worker.addEventListener("notificationclick", (/** @type {any} */ event) => {
    const navigate = event.notification.data?.taskbeam;
    if (!navigate) return;
    event.notification.close();
    event.waitUntil(go(navigate));
  });
})();
