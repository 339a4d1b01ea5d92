/** @import { Follow, Picture } from "./follow.js" */
import { make } from "../look/dom.js";
import { counted, size } from "../look/wording.js";

/** What a job brought: a report's pages, a picture's sizes, or any other result as it is. */
export class ResultPanel {
  #panel;
  #shown = "";

  /** @param {HTMLElement} panel */
  constructor(panel) {
    this.#panel = panel;
  }

  /** @param {Follow} follow */
  show(follow) {
    const { job, pictures } = follow;
    const result = job.state === "SUCCESS" ? job.result : undefined;
    // What is shown already stays: a document is not to be loaded again for every event.
    const key = `${follow.task.task_id} ${job.final} ${job.state} ${pictures.length}`;
    if (key === this.#shown) return;
    this.#shown = key;
    const all = Array.isArray(result?.pictures) ? result.pictures : pictures;
    if (all.length) this.#fill("pictures", ...gallery(all, this.#image(follow)));
    else if (ours(result?.report_url)) this.#fill("report", ...report(result, follow.task.title));
    else if (result !== undefined && result !== null) this.#fill("plain", make("pre", { tabindex: 0 }, pretty(result)));
    else this.#fill("none", make("p", {}, nothing(job)));
  }

  /** The one that is there: it goes on showing a picture until a larger one is loaded. @param {Follow} follow */
  #image({ task }) {
    const there = this.#panel.querySelector("img");
    if (there?.dataset.task === task.task_id) return there;
    return make("img", { "data-task": task.task_id, alt: `${task.title}, the largest size so far` });
  }

  /** @param {string} kind @param {...Node} content */
  #fill(kind, ...content) {
    this.#panel.dataset.kind = kind;
    this.#panel.replaceChildren(...content);
  }
}

/** @param {import("../client/index.js").Job} job */
function nothing(job) {
  if (!job.final) return "Comes with the last event.";
  return job.state === "SUCCESS" ? "The job returned nothing." : "There is none.";
}

/** @param {any} result @param {string} title */
function report(result, title) {
  const address = /** @type {string} */ (ours(result.report_url));
  /** @type {[string, string][]} */
  const facts = [
    ["Orders", String(result.orders ?? 0)],
    ["Revenue", `€${((result.revenue_cents ?? 0) / 100).toLocaleString("en", { maximumFractionDigits: 0 })}`],
    ["Document", `${counted(result.pages ?? 0, "page")}, ${size(result.bytes ?? 0)}`],
  ];
  const content = [
    make("dl", {}, ...facts.map(([term, value]) => make("div", {}, make("dt", {}, term), make("dd", {}, value)))),
    make("p", { class: "links" }, link(address, "Open the PDF", "button"), download(address, "Download")),
  ];
  const frame = make("iframe", { src: `${address}#toolbar=0&navpanes=0&view=FitH`, title: `${title}, PDF`, tabindex: -1 });
  return navigator.pdfViewerEnabled ? [frame, ...content] : content;
}

/** @param {Picture[]} pictures @param {HTMLImageElement} image */
function gallery(pictures, image) {
  const shown = pictures.filter(({ url }) => ours(url));
  const largest = shown.toSorted((one, other) => other.width - one.width || one.bytes - other.bytes)[0];
  if (largest) {
    image.width = largest.width;
    image.height = largest.height;
    if (image.getAttribute("src") !== largest.url) image.src = largest.url;
  }
  const most = Math.max(...shown.map(({ bytes }) => bytes));
  const widths = [...new Set(shown.map(({ width }) => width))];
  const rows = widths.map((width) => sizes(shown.filter((picture) => picture.width === width), most));
  const head = make("tr", {}, ...["Size", "WebP", "AVIF"].map((text) => make("th", { scope: "col" }, text)));
  return [image, make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows))];
}

/** @param {Picture[]} pictures of one size @param {number} most bytes of any */
function sizes(pictures, most) {
  const [{ width, height } = { width: 0, height: 0 }] = pictures;
  const cells = ["image/webp", "image/avif"].map((type) => {
    const picture = pictures.find((candidate) => candidate.type === type);
    if (!picture) return make("td", {});
    const bar = make("span", { class: "bytes" });
    bar.style.setProperty("--part", String(picture.bytes / most));
    return make("td", {}, link(picture.url, size(picture.bytes), ""), bar);
  });
  return make("tr", {}, make("th", { scope: "row" }, `${width} × ${height}`), ...cells);
}

/** @param {string} address @param {string} text @param {string} style */
function link(address, text, style) {
  return make("a", { href: address, target: "_blank", rel: "noopener", class: style }, text);
}

/** @param {string} address @param {string} text */
function download(address, text) {
  return make("a", { href: address, download: "" }, text);
}

/**
 * A result is the task's word, not ours: only an address of this very site becomes a link.
 *
 * @param {unknown} address
 */
function ours(address) {
  if (typeof address !== "string" || !URL.canParse(address, location.href)) return null;
  const url = new URL(address, location.href);
  return url.origin === location.origin ? url.href : null;
}

/** @param {unknown} value */
function pretty(value) {
  return JSON.stringify(value, null, 2);
}
