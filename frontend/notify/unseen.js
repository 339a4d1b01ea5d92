/**
 * Mark the tab until somebody looks at it: what it was left for has ended.
 *
 * @param {string} mark in front of the page's title
 */
export function markUnseen(mark) {
  const { title } = document;
  if (title.startsWith(mark)) return;
  const marked = `${mark} ${title}`;
  document.title = marked;
  document.addEventListener("visibilitychange", function look() {
    if (document.visibilityState !== "visible") return;
    document.removeEventListener("visibilitychange", look);
    // Unless the page has another title by now.
    if (document.title === marked) document.title = title;
  });
}
