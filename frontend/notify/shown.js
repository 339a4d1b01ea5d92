/** A service worker that asks whether this page shows an address is told: the page may have changed its own since. */
export function answerWorkers() {
  /** @type {ServiceWorkerContainer | undefined} */
  let workers;
  try {
    workers = globalThis.navigator?.serviceWorker;
  } catch {
    // A frame in a sandbox may not even look.
  }
  workers?.addEventListener("message", ({ data, ports: [port] }) => {
    if (port && typeof data?.taskbeam === "string") port.postMessage(data.taskbeam === location.href);
  });
}
