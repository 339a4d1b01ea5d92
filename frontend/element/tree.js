/**
 * The element's own nodes. Each has one name, as its `part` for the page's CSS and as its `id` for the element.
 *
 * They are made one by one: a Content-Security-Policy with `require-trusted-types-for 'script'` refuses `innerHTML`.
 */
export function tree() {
  return make(
    "div card",
    { role: "group", "aria-labelledby": "title" },
    make("div header", {}, make("span title", {}, slot("title")), make("span state")),
    // The message gets the focus when the button that had it is gone.
    make("div body", {}, make("div message", { tabindex: -1 }, slot("waiting")), make("span figure")),
    make("div track", { role: "progressbar", "aria-labelledby": "title" }, make("div bar")),
    make("ol steps", { role: "list" }),
    // It scrolls, so the keyboard has to get there.
    make("pre output", { role: "region", tabindex: 0 }),
    make("div omitted"),
    make(
      "div footer",
      {},
      make("span note"),
      slot("actions"),
      make("a link", { target: "_blank", rel: "noopener" }, slot("link")),
      make("button cancel", { type: "button", "aria-labelledby": "cancel title" }, slot("cancel")),
    ),
    make("details details", {}, make("summary summary", {}, slot("summary")), make("dl facts"), slot("details")),
    make("div status", { role: "status" }),
  );
}

/**
 * @param {string} what tag and name; one that is there many times has a `part` among its attributes instead
 * @param {object} [attributes]
 * @param {(Node | string)[]} children
 */
export function make(what, attributes = {}, ...children) {
  const [tag = "", name = ""] = what.split(" ");
  const node = document.createElement(tag);
  const named = name && { id: name, part: name };
  for (const [key, value] of Object.entries({ ...named, ...attributes })) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** @param {string} name */
export function slot(name) {
  return make("slot", { name });
}
