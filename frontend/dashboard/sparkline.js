import { draw } from "../look/dom.js";

const WIDTH = 180;
const HEIGHT = 28;

/**
 * Bars over time, oldest first; the numbers beside it say the same in words.
 *
 * @param {number[]} values
 * @param {number[]} [bad] parts of the same height scale that stand on top, in the colour of failures
 * @returns {SVGSVGElement}
 */
export function sparkline(values, bad = []) {
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
  return draw(
    "svg",
    { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    draw("path", { class: "base", d: `M0 ${HEIGHT - 0.5}H${WIDTH}` }),
    draw("path", { class: "good", d: bars((index) => [0, high(values[index] ?? 0)]) }),
    draw("path", { class: "bad", d: bars((index) => [high(values[index] ?? 0), high(sums[index] ?? 0)]) }),
  );
}
