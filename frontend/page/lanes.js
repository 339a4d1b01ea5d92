/** @import { Transport } from "../client/index.js" */
/** @import { Break, Point, Trace } from "./trace.js" */
import { draw } from "../look/dom.js";
import { duration } from "../look/wording.js";

/** From the top; each is as high as the choice of its transport that stands beside it. */
const LANES = /** @type {const} */ (["websocket", "sse", "poll"]);
const LANE = 40;
const AXIS = 26;
const EDGE = 14;
/** Half of the widest mark. */
const MARK = 28;
/** Events drawn; of a longer job each second one, or third … */
const MOST_POINTS = 400;
/** Seconds that the axis shows at the least. */
const SHORTEST = 0.05;

/**
 * Draws a job's way over the transports: a line through its events, bands where there was no connection.
 *
 * @param {SVGSVGElement} svg
 * @param {Trace} trace
 * @param {{now: number, over: boolean}} moment `now`: Unix seconds
 */
export function drawLanes(svg, trace, { now, over }) {
  const width = svg.clientWidth;
  const points = thinned(trace.points, MOST_POINTS);
  const height = LANES.length * LANE + AXIS;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const from = points[0]?.ts ?? now;
  const to = over ? (points.at(-1)?.ts ?? from) : now - trace.skew;
  const span = Math.max(to - from, SHORTEST);
  /** @param {number} at */
  const x = (at) => EDGE + ((Math.min(Math.max(at, from), from + span) - from) / span) * (width - 2 * EDGE);
  svg.replaceChildren(
    ...graticule(width, span, (seconds) => x(from + seconds)),
    ...trace.breaks.flatMap((gap) => band(gap, (at) => x(at - trace.skew), now)),
    ...(points.length ? [way(points, x)] : []),
    ...head(trace, points, x, to, over),
    ...points.map((point) => dot(point, x(point.ts), trace.recovered(point))),
  );
}

/**
 * A part of the points, from the first to the last: those at which the transport has changed are among them.
 *
 * @param {readonly Point[]} points
 * @param {number} most beside the changes and the last
 */
export function thinned(points, most) {
  const stride = Math.ceil(points.length / most);
  return points.filter(
    ({ transport }, index) => index % stride === 0 || index === points.length - 1 || transport !== points[index - 1]?.transport,
  );
}

/** @param {Transport} transport */
const y = (transport) => LANES.indexOf(transport) * LANE + LANE / 2;

/** @param {number} width @param {number} span @param {(seconds: number) => number} x */
function graticule(width, span, x) {
  const bottom = LANES.length * LANE;
  const rails = LANES.map((lane) => draw("path", { class: "rail", d: `M0 ${y(lane)}H${width}` }));
  const ticks = marks(span, width < 420 ? 3 : 6).flatMap((seconds) => [
    draw("path", { class: "tick", d: `M${x(seconds)} 0V${bottom + 4}` }),
    draw("text", { x: Math.min(x(seconds), width - MARK), y: bottom + AXIS - 8 }, seconds ? duration(seconds) : "0"),
  ]);
  return [...ticks, ...rails];
}

/**
 * Round times from zero on, at most as many as asked for: steps of 1, 2 or 5 of some power of ten.
 *
 * @param {number} span
 * @param {number} most
 */
export function marks(span, most) {
  const least = span / most;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= least) ?? 10 * power;
  return Array.from({ length: Math.floor(span / step + 1e-9) + 1 }, (_, index) => Number((index * step).toPrecision(12)));
}

/** @param {Break} gap @param {(at: number) => number} x by our clock @param {number} now */
function band({ from, to, cut }, x, now) {
  const left = x(from);
  const right = x(to ?? now);
  if (!cut || right - left < 1) return [];
  return [
    draw("rect", { class: "cut", x: left, y: 0, width: right - left, height: LANES.length * LANE }),
    draw("path", { class: "cut-edge", d: `M${left} 0V${LANES.length * LANE}M${right} 0V${LANES.length * LANE}` }),
  ];
}

/** @param {Point[]} points @param {(at: number) => number} x */
function way(points, x) {
  let d = "";
  let before = points[0];
  for (const point of points) {
    const here = `${x(point.ts)} ${y(point.transport)}`;
    if (!d) d = `M${here}`;
    else if (before && point.transport !== before.transport) {
      const middle = (x(before.ts) + x(point.ts)) / 2;
      d += `C${middle} ${y(before.transport)} ${middle} ${y(point.transport)} ${here}`;
    } else d += `L${here}`;
    before = point;
  }
  return draw("path", { class: "way", d });
}

/** Where the next event is waited for. @param {Trace} trace @param {Point[]} points @param {(at: number) => number} x @param {number} to @param {boolean} over */
function head(trace, points, x, to, over) {
  const last = points.at(-1);
  if (over || !last) return [];
  const left = x(last.ts);
  const right = x(to);
  const middle = (left + right) / 2;
  const [above, here] = [y(last.transport), y(trace.transport)];
  const d = `M${left} ${above}C${middle} ${above} ${middle} ${here} ${right} ${here}`;
  return [
    draw("path", { class: "ahead", "data-line": trace.line, d }),
    draw("circle", { class: "head", "data-line": trace.line, cx: right, cy: here, r: 6 }),
  ];
}

/** @param {Point} point @param {number} x @param {boolean} recovered */
function dot({ transport, seq }, x, recovered) {
  const circle = draw("circle", { class: recovered ? "dot recovered" : "dot", cx: x, cy: y(transport), r: 4 });
  circle.append(draw("title", {}, `event ${seq}, ${recovered ? "read from the journal" : "heard live"}`));
  return circle;
}
