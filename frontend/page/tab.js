/** @import { Follow } from "./follow.js" */
import { percent, tone } from "../client/index.js";
import { find } from "../look/dom.js";
import { unmarked } from "../notify/unseen.js";

const NAME = "Taskbeam";
/** Pixels of the ring, and how far around it is. */
const RING = 13;
const AROUND = 2 * Math.PI * RING;
const COLOURS = { running: "#0b7a5a", done: "#0b7a5a", failed: "#b3281e", waiting: "#7d8f88", gone: "#7d8f88" };
const MARKS = { done: "✓", failed: "✕" };

/**
 * The tab says how far the job that is shown is: in its title, and by a ring for its icon.
 *
 * @param {Follow | undefined} follow
 */
export function showTab(follow) {
  const { title, icon } = tabOf(follow);
  if (unmarked() !== title) document.title = title;
  const link = find(document, "link[rel=icon]");
  // While the tab is hidden and marked its icon is the mark's.
  if (link.getAttribute("href") === link.dataset.unseen) return;
  if (link.getAttribute("href") !== icon) link.setAttribute("href", icon);
}

/**
 * Pure.
 *
 * @param {Pick<Follow, "job" | "task"> | undefined} follow
 * @returns {{title: string, icon: string}} an address of the icon
 */
export function tabOf(follow) {
  if (!follow) return { title: NAME, icon: "favicon.svg" };
  const { job, task } = follow;
  const kind = tone(job.state);
  const reached = percent(job);
  const mark = MARKS[/** @type {keyof typeof MARKS} */ (kind)] ?? (reached === null ? "" : `${Math.floor(reached)}%`);
  const part = kind === "failed" ? 100 : (reached ?? 0);
  return { title: [mark, task.title, "·", NAME].filter(Boolean).join(" "), icon: ring(COLOURS[kind], part) };
}

/** @param {string} colour @param {number} part percent */
function ring(colour, part) {
  const circle = (/** @type {string} */ more) => `<circle cx="16" cy="16" r="${RING}" fill="none" stroke-width="6" ${more}/>`;
  const there = (AROUND * Math.floor(part)) / 100;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${circle('stroke="#9994"')}${circle(
    `stroke="${colour}" stroke-dasharray="${there.toFixed(1)} 99" transform="rotate(-90 16 16)"`,
  )}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
