import { reflecting } from "../attributes.js";

/**
 * What a page says to `<task-feed>`.
 *
 * @typedef {object} Properties
 * @property {string} feed which feed, `owner:me` for instance; "" for none
 * @property {string} baseUrl the gateway, relative to the page; "" for the one that served the element
 * @property {import("../../client/main.js").Mode | ""} transport the only one to use; "" is for the client to choose
 * @property {string} token that reads the feed, where the gateway wants one
 * @property {string} label what the list is to its user: "My reports"
 * @property {string} limit how many tasks are shown, the newest
 * @property {string} current id of the task that the page shows beside the list
 * @property {boolean} silent screen readers are told nothing by themselves
 */

const TEXTS = ["feed", "baseUrl", "transport", "token", "label", "limit", "current"];
const FLAGS = ["silent"];

const { Attributes, observed } = reflecting(TEXTS, FLAGS);

export const FeedAttributes = /** @type {new () => HTMLElement & Properties} */ (Attributes);
export { observed };
