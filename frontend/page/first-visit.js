/** What a newcomer is shown once, by itself: the connection of a job is dropped while it runs, and heals. */
/** @import { Watch } from "../client/index.js" */

const SEEN = "taskbeam.seen-healing";
/** Events until then: a retry is over, and it is plain that something comes all the time. */
const BEFORE = 20;

/**
 * @param {Pick<Watch, "line" | "drop" | "addEventListener" | "removeEventListener">} watch
 * @param {() => void} dropped
 */
export function dropOnce(watch, dropped) {
  if (seen()) return;
  let heard = 0;
  const count = () => {
    heard += 1;
    if (heard < BEFORE || watch.line !== "live") return;
    watch.removeEventListener("event", count);
    remember();
    watch.drop();
    dropped();
  };
  watch.addEventListener("event", count);
}

function seen() {
  try {
    return localStorage.getItem(SEEN) !== null;
  } catch {
    return true;
  }
}

function remember() {
  try {
    localStorage.setItem(SEEN, "1");
  } catch {
    // Storage may be off or full; then it is shown once more.
  }
}
