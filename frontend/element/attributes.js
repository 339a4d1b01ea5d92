/** `HTMLElement` is missing where a page is rendered by a server; there the module may be imported all the same. */
const Base = globalThis.HTMLElement ?? /** @type {typeof HTMLElement} */ (class {});

/**
 * A base class with attributes as properties too (`task-id` as `taskId`): markup uses the ones, a framework the others.
 *
 * @param {readonly string[]} texts names of properties that are "" without their attribute; one may be set to null
 * @param {readonly string[]} flags names of those that are true or false
 * @returns {{Attributes: new () => HTMLElement, observed: string[]}}
 */
export function reflecting(texts, flags) {
  class Attributes extends Base {}
  const observed = [...texts, ...flags].map((name) => {
    const attribute = name.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`);
    const flag = flags.includes(name);
    Object.defineProperty(Attributes.prototype, name, {
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
  return { Attributes, observed };
}

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
