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

  /**
   * Milliseconds that a page has to say what it shows: one that is frozen says nothing, nor does one without our modules.
   * A push can wait for it; after a click a browser lets us open a window for a second only.
   */
  const PUSHED = 3000, CLICKED = 800;

  /**
   * A tab's own address is that with which it was loaded: where its page has gone since, only the page can tell.
   *
   * @param {any} client
   * @param {string} navigate
   * @param {number} patience
   * @returns {Promise<boolean>}
   */
  function shows(client, navigate, patience) {
    return new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = ({ data }) => resolve(data === true);
      setTimeout(() => resolve(client.url === navigate), patience);
      client.postMessage({ taskbeam: navigate }, [port2]);
    });
  }

  /**
   * The tabs that show it.
   *
   * @param {string} navigate with its fragment, which may name the job
   * @param {number} patience
   * @returns {Promise<any[]>}
   */
  async function tabs(navigate, patience) {
    const all = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
    const shown = await Promise.all(all.map((/** @type {any} */ client) => shows(client, navigate, patience)));
    return all.filter((/** @type {any} */ _, /** @type {number} */ place) => shown[place]);
  }

  /** Say nothing to whoever is looking at it. @param {any} notification */
  async function show({ title, navigate, ...options }) {
    if ((await tabs(navigate, PUSHED)).some(({ visibilityState }) => visibilityState === "visible")) return;
    await worker.registration.showNotification(title, { ...options, data: { taskbeam: navigate } });
  }

  /** To the tab that was used last. @param {string} navigate */
  async function go(navigate) {
    const [open] = await tabs(navigate, CLICKED);
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
