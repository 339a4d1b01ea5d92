/** `<task-progress>`, defined where this module is loaded. */
import { TaskProgress } from "./task-progress.js";

export { TaskProgress };
export { words } from "./wording.js";

// A page that is rendered by a server may import this there; it means nothing before it is in a browser.
if (globalThis.customElements && !customElements.get("task-progress")) customElements.define("task-progress", TaskProgress);
