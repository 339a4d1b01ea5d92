/** Milliseconds before something is said; what comes meanwhile takes its place. */
const PAUSE = 1_000;

/** @import { Portrait } from "./portrait.js" */

/**
 * @param {Portrait} portrait
 * @returns {string} another one when there is something new to say: another state, another quarter of the way
 */
export function milestone({ tone, state, reached }) {
  return tone === "running" ? `${state} ${Math.floor((reached ?? 0) / 25)}` : state;
}

/**
 * Tells screen readers how a task fares: milestones, not every step, and never faster than one can listen.
 *
 * @param {(text: string) => void} say
 * @returns {(portrait: Portrait) => void}
 */
export function announcer(say) {
  let last = "";
  let text = "";
  let waiting = false;
  return (portrait) => {
    const reached = milestone(portrait);
    if (reached === last) return;
    last = reached;
    text = [portrait.state, portrait.figure, portrait.message].filter(Boolean).join(", ");
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      say(text);
    }, PAUSE);
  };
}
