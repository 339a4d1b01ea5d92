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

/** @param {Portrait} portrait @returns {string} what is said of it */
export function spoken({ state, figure, message }) {
  return [state, figure, message].filter(Boolean).join(", ");
}

/**
 * Tells screen readers how it goes: milestones, not every step, and never faster than one can listen.
 *
 * @param {(text: string) => void} say
 * @returns {(reached: string, text: string) => void} another milestone is news
 */
export function announcer(say) {
  let last = "";
  let next = "";
  let waiting = false;
  return (reached, text) => {
    if (reached === last) return;
    last = reached;
    next = text;
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      say(next);
    }, PAUSE);
  };
}
