/** @typedef {import("./contract.js").TaskEvent} TaskEvent */
/** @typedef {import("./contract.js").Transport} Transport */
/** @typedef {import("./contract.js").Mode} Mode */
/** @typedef {import("./contract.js").Line} Line */
/** @typedef {import("./job.js").Job} Job */
/** @typedef {import("./watch.js").WatchOptions} WatchOptions */
/** @typedef {import("./watch.js").WatchEvents} WatchEvents */

export { TaskError } from "./errors.js";
export { after, percent, tone, UNHEARD, unknown } from "./job.js";
export { Watch, watch } from "./watch.js";
