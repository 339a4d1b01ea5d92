/** The title without a mark, and with it; "": it has none. */
let plain = "";
let marked = "";

/** The icon of before, while the tab has another. */
let icon = "";

/**
 * Mark the tab until somebody looks at it: how far it is, or that what it was left for has ended. Another mark takes the
 * place of the one before.
 *
 * @param {string} mark in front of the page's title
 */
export function markUnseen(mark) {
  plain = unmarked();
  marked = `${mark} ${plain}`;
  document.title = marked;
  document.addEventListener("visibilitychange", look);
}

/** Give the tab the icon that the page has for it in `data-unseen`, if it has one, until somebody looks at it. */
export function showUnseenIcon() {
  const link = iconOfPage();
  if (!link || icon) return;
  icon = link.getAttribute("href") ?? "";
  link.setAttribute("href", link.dataset.unseen ?? "");
}

/** @returns {string} the page's title, without our mark */
export function unmarked() {
  return document.title === marked ? plain : document.title;
}

function look() {
  if (document.visibilityState !== "visible") return;
  document.removeEventListener("visibilitychange", look);
  // Unless the page has another title by now.
  if (document.title === marked) document.title = plain;
  marked = "";
  if (icon) iconOfPage()?.setAttribute("href", icon);
  icon = "";
}

/** @returns {HTMLLinkElement | null} */
function iconOfPage() {
  return document.querySelector("link[rel~=icon][data-unseen]");
}
