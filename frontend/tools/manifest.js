/** What the analyzer makes of the elements: `custom-elements.json`, for editors and documentation tools. */

const ELEMENTS = ["TaskProgress", "TaskFeed", "TaskBell"];

/** @param {string} attribute */
const property = (attribute) => attribute.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());

/**
 * Only what its users may rely on, and each attribute as the property that it also is: the class defines those in a
 * loop, where no analyzer sees them.
 */
const publicFace = {
  name: "public-face",
  /** @param {{customElementsManifest: any}} found */
  packageLinkPhase({ customElementsManifest: manifest }) {
    for (const { declarations } of manifest.modules) {
      for (const element of declarations.filter((/** @type {any} */ each) => ELEMENTS.includes(each.name))) {
        delete element.superclass; // one that is not public
        // Its own `#emit` is taken for an event of an unknown name.
        element.events = element.events?.filter((/** @type {any} */ event) => event.description);
        element.members = element.members.filter((/** @type {any} */ { privacy }) => privacy !== "private");
        for (const attribute of element.attributes) {
          attribute.fieldName = property(attribute.name);
          const { name, fieldName, type, description } = attribute;
          element.members.push({ kind: "field", name: fieldName, type, description, attribute: name, reflects: true });
        }
      }
    }
  },
};

export default {
  globs: ["element/main.js", "element/task-progress.js", "element/feed/main.js", "element/feed/task-feed.js", "notify/main.js", "notify/task-bell.js"],
  packagejson: false,
  plugins: [publicFace],
};
