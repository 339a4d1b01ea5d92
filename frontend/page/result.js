/** @import { Follow, Picture } from "./follow.js" */
import { storedFile } from "../element/stored.js";
import { feedOf } from "./feeds.js";
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
    if (result?.group) return this.#showBatch(follow, result.group);
    // What is shown already stays: a document is not to be loaded again for every event.
    const key = `${follow.task.task_id} ${job.final} ${job.state} ${pictures.length}`;
    if (key === this.#shown) return;
    this.#shown = key;
    /** @param {unknown} url */
    const file = (url) => storedFile(url, follow.task.task_id, follow.files, new URL("/", location.href));
    const all = (Array.isArray(result?.pictures) ? result.pictures : pictures)
      .map((/** @type {Picture} */ picture) => ({ ...picture, url: file(picture.url) }))
      .filter((/** @type {Picture} */ { url }) => url);
    const address = file(result?.report_url);
    if (all.length) this.#fill("pictures", ...gallery(all, this.#image(follow)));
    else if (address) this.#fill("report", ...report(result, address, follow.task.title));
    else if (result?.words) this.#fill("text", ...facts(written(result)));
    else if (result !== undefined && result !== null) this.#fill("plain", make("pre", { tabindex: 0 }, pretty(result)));
    else this.#fill("none", make("p", {}, nothing(job)));
  }

  /** A batch is a feed: one bar, and its members below it. @param {Follow} follow @param {string} group */
  #showBatch({ task }, group) {
    const key = `${task.task_id} batch`;
    if (key === this.#shown) return;
    this.#shown = key;
    this.#fill("batch", feedOf(`group:${group}`, task.title));
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
  if (!job.final) return "The result appears here when the job finishes.";
  return job.state === "SUCCESS" ? "The job returned nothing." : "No result: the job failed.";
}

/** @param {any} result @param {string} address @param {string} title */
function report(result, address, title) {
  /** @type {[string, string][]} */
  const known = [
    result.receipts ? ["Receipts", result.receipts.toLocaleString("en")] : ["Orders", String(result.orders ?? 0)],
    ["Revenue", `€${((result.revenue_cents ?? 0) / 100).toLocaleString("en", { maximumFractionDigits: 0 })}`],
    ["Document", `${counted(result.pages ?? 0, "page")}, ${size(result.bytes ?? 0)}`],
  ];
  const content = [
    ...facts(known),
    make("p", { class: "links" }, link(address, "Open the PDF", "button"), download(address, "Download")),
  ];
  const frame = make("iframe", { src: `${address}#toolbar=0&navpanes=0&view=FitH`, title: `${title}, PDF`, tabindex: -1 });
  return navigator.pdfViewerEnabled ? [frame, ...content] : content;
}

/** @param {any} result @returns {[string, string][]} */
function written(result) {
  return [
    ["Written", counted(result?.words ?? 0, "word")],
    ["Learnt from", counted(result?.learnt_from ?? 0, "word")],
    ["Known", counted(result?.vocabulary ?? 0, "word")],
  ];
}

/** @param {[string, string][]} known @returns {Node[]} */
function facts(known) {
  return [make("dl", {}, ...known.map(([term, value]) => make("div", {}, make("dt", {}, term), make("dd", {}, value))))];
}

/** @param {Picture[]} shown @param {HTMLImageElement} image */
function gallery(shown, image) {
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

/** @param {unknown} value */
function pretty(value) {
  return JSON.stringify(value, null, 2);
}
