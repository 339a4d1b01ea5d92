/** Tell people whose tab is closed: `notify()` and `<task-bell>`, which is defined where this module is loaded. */
import { answerWorkers } from "./shown.js";
import { TaskBell } from "./task-bell.js";

export { forget, isAsked, isAskedForAll, notify, notifyAll, pushes, thisDevice, withdraw } from "./notify.js";
export { standing } from "./standing.js";
export { TaskBell };
export { bellWords } from "./wording.js";

// A page that is rendered by a server may import this there; it means nothing before it is in a browser.
if (globalThis.customElements && !customElements.get("task-bell")) customElements.define("task-bell", TaskBell);
answerWorkers();
