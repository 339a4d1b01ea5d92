/**
 * Several attributes may change at once, and a node that is moved is out of its page for a moment: what follows from that
 * is done once, when what happens now has happened.
 *
 * @param {() => void} act
 * @returns {() => void} asks for it
 */
export function afterTurn(act) {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    queueMicrotask(() => {
      due = false;
      act();
    });
  };
}
