/** Puts a text into the clipboard, also where the page is served without TLS and browsers have none for it. */

/** @param {string} text @param {Element} beside an element of the dialog that is open @returns {Promise<boolean>} whether it is there */
export async function copy(text, beside) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedByHand(text, beside);
  }
}

/** As if the user had selected it. @param {string} text @param {Element} beside */
function copiedByHand(text, beside) {
  const [field, focused] = [document.createElement("textarea"), document.activeElement];
  field.value = text;
  field.className = "unseen";
  beside.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return done;
}
