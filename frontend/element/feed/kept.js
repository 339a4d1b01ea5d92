/**
 * @template Shown
 * @typedef {{node: HTMLElement, draw: (shown: Shown) => void}} Item
 */

/**
 * A list whose items each keep their nodes: what somebody selected, focused or listens to is not taken away by news of
 * another.
 *
 * @template {{key: string}} Shown
 */
export class Kept {
  #list;
  #make;
  /** @type {Map<string, Item<Shown>>} */
  #items = new Map();

  /** @param {HTMLElement} list @param {() => Item<Shown>} make */
  constructor(list, make) {
    this.#list = list;
    this.#make = make;
  }

  /** @param {readonly Shown[]} shown in their order */
  draw(shown) {
    const keys = new Set(shown.map(({ key }) => key));
    for (const [key, { node }] of this.#items) if (!keys.has(key)) this.#remove(key, node);
    shown.forEach((each, index) => {
      const item = this.#items.get(each.key) ?? this.#make();
      this.#items.set(each.key, item);
      // Only what is new, or stands elsewhere, is put in.
      const there = this.#list.children[index] ?? null;
      if (there !== item.node) this.#list.insertBefore(item.node, there);
      item.draw(each);
    });
  }

  /** @param {string} key @param {HTMLElement} node */
  #remove(key, node) {
    const root = /** @type {ShadowRoot} */ (this.#list.getRootNode());
    const focused = node.contains(root.activeElement);
    node.remove();
    this.#items.delete(key);
    if (focused) root.getElementById("list")?.focus();
  }
}
