import { make, slot } from "../tree.js";

/** The nodes of `<task-feed>`, each with one name, as of `<task-progress>`. */
export function tree() {
  return make(
    "div card",
    { role: "group", "aria-labelledby": "title" },
    make("div header", {}, make("span title", {}, slot("title")), make("span summary")),
    make("div track", { role: "progressbar", "aria-labelledby": "title" }, make("div bar")),
    // The list gets the focus when the task that had it goes.
    make("ul list", { role: "list", "aria-labelledby": "title", tabindex: -1 }),
    make("div empty", {}, slot("empty")),
    make("div note"),
    slot("actions"),
    make("div status", { role: "status" }),
  );
}

/**
 * The nodes of a part of a canvas: a heading above its tasks.
 *
 * @returns {Record<"part" | "heading" | "name" | "standing" | "track" | "bar" | "members", HTMLElement>}
 */
export function part() {
  return pieces((piece) =>
    piece(
      "li",
      "part",
      {},
      piece("div", "heading", {}, piece("span", "name", { dir: "auto" }), piece("span", "standing")),
      piece("div", "track", { role: "progressbar" }, piece("div", "bar")),
      piece("ul", "members", { role: "list" }),
    ),
  );
}

/**
 * The nodes of one task, by their parts.
 *
 * @returns {Record<"row" | "head" | "name" | "state" | "body" | "message" | "figure" | "track" | "bar" | "foot" | "at" | "note" | "link", HTMLElement>}
 */
export function row() {
  // What others wrote stands in a node of its own: a right-to-left title turns nothing around.
  return pieces((piece) =>
    piece(
      "li",
      "row",
      {},
      piece("div", "head", {}, piece("a", "name", { dir: "auto" }), piece("span", "state")),
      piece("div", "body", {}, piece("div", "message", { dir: "auto" }), piece("span", "figure")),
      piece("div", "track", { role: "progressbar" }, piece("div", "bar")),
      piece("div", "foot", {}, piece("time", "at"), piece("span", "note"), piece("a", "link", { target: "_blank", rel: "noopener" })),
    ),
  );
}

/**
 * Nodes of which there are many: each has its name as its `part` alone.
 *
 * @param {(piece: (tag: string, part: string, attributes?: object, ...children: Node[]) => Node) => void} build
 * @returns {any} the nodes by their parts
 */
function pieces(build) {
  /** @type {Record<string, Node>} */
  const nodes = {};
  build((tag, part, attributes, ...children) => (nodes[part] = make(tag, { part, ...attributes }, ...children)));
  return nodes;
}
