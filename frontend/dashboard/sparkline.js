import { draw } from "../look/dom.js";

const WIDTH = 180;
const HEIGHT = 28;

/**
 * Draw bars over time, oldest first, in place; the numbers beside them say the same in words.
 *
 * @param {SVGSVGElement} svg of the class `spark`, empty or drawn before
 * @param {number[]} values
 * @param {number[]} [bad] parts of the same height scale that stand on top, in the colour of failures
 */
export function sparkline(svg, values, bad = []) {
  const count = Math.max(values.length, bad.length);
  const sums = Array.from({ length: count }, (_, index) => (values[index] ?? 0) + (bad[index] ?? 0));
  const most = Math.max(1, ...sums);
  const step = WIDTH / count;
  /** @param {number} value */
  const high = (value) => (value ? Math.max(2, (value / most) * (HEIGHT - 1)) : 0);
  /** @param {(index: number) => [number, number]} span from and to above the base */
  const bars = (span) =>
    sums
      .map((_, index) => {
        const [from, to] = span(index);
        return to > from ? `M${index * step} ${HEIGHT - from}v${from - to}h${step - 1}v${to - from}z` : "";
      })
      .join("");
  const [good, other] = paths(svg);
  set(good, bars((index) => [0, high(values[index] ?? 0)]));
  set(other, bars((index) => [high(values[index] ?? 0), high(sums[index] ?? 0)]));
}

/** @returns {SVGSVGElement} one that nothing is drawn in yet */
export function emptySparkline() {
  return draw("svg", { class: "spark", "aria-hidden": "true" });
}

/** @param {SVGSVGElement} svg @returns {Element[]} of what is good, and of what is not */
function paths(svg) {
  if (!svg.firstChild) {
    svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    svg.setAttribute("preserveAspectRatio", "none");
    svg.append(draw("path", { class: "base", d: `M0 ${HEIGHT - 0.5}H${WIDTH}` }), draw("path", { class: "good" }), draw("path", { class: "bad" }));
  }
  return [...svg.children].slice(1);
}

/** @param {Element | undefined} path @param {string} d */
function set(path, d) {
  if (path && path.getAttribute("d") !== d) path.setAttribute("d", d);
}
