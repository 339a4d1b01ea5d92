/** `<task-feed>`, defined where this module is loaded. */
import { TaskFeed } from "./task-feed.js";

export { words } from "../wording.js";
export { TaskFeed };
export { feedWords } from "./wording.js";

// A page that is rendered by a server may import this there; it means nothing before it is in a browser.
if (globalThis.customElements && !customElements.get("task-feed")) customElements.define("task-feed", TaskFeed);
