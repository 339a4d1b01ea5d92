/** `HTMLElement` is missing where a page is rendered by a server; there the module may be imported all the same. */
const Base = globalThis.HTMLElement ?? /** @type {typeof HTMLElement} */ (class {});

const TEXTS = ["taskId", "baseUrl", "transport", "token", "label"];
const FLAGS = ["cancellable", "terminate", "details", "silent"];

/**
 * The element's attributes as properties too (`task-id` as `taskId`): markup uses the ones, a framework the others.
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
export const TaskAttributes = /** @type {new () => HTMLElement & Properties} */ (class extends Base {});

export const observed = [...TEXTS, ...FLAGS].map((name) => {
  const attribute = name.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`);
  const flag = FLAGS.includes(name);
  Object.defineProperty(TaskAttributes.prototype, name, {
    get() {
      return flag ? this.hasAttribute(attribute) : (this.getAttribute(attribute) ?? "");
    },
    set(value) {
      if (flag ? value : value !== null && value !== undefined) this.setAttribute(attribute, flag ? "" : value);
      else this.removeAttribute(attribute);
    },
  });
  return attribute;
});

/**
 * What a framework set before the element was defined hides the properties: set it again.
 *
 * @param {any} element
 */
export function adoptEarly(element) {
  for (const [name, early] of Object.entries(element)) {
    delete element[name];
    element[name] = early;
  }
}
