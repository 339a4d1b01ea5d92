import { reflecting } from "./attributes.js";

/**
 * What a page says to `<task-progress>`.
 *
 * @typedef {object} Properties
 * @property {string} taskId which task; "" for none
 * @property {string} baseUrl the gateway, relative to the page; "" for the one that served the element
 * @property {import("../client/main.js").Mode | ""} transport the only one to use; "" is for the client to choose
 * @property {string} token of the task, where the gateway wants one
 * @property {string} label what the task is to its user: "Report for March"
 * @property {boolean} cancellable its user may cancel it
 * @property {boolean} terminate cancelling ends a running task by signal
 * @property {boolean} details there are details to unfold
 * @property {boolean} silent screen readers are told nothing by themselves
 */

const TEXTS = ["taskId", "baseUrl", "transport", "token", "label"];
const FLAGS = ["cancellable", "terminate", "details", "silent"];

const { Attributes, observed } = reflecting(TEXTS, FLAGS);

export const TaskAttributes = /** @type {new () => HTMLElement & Properties} */ (Attributes);
export { observed };
