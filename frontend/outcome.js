import { counted, reference, size } from "./wording.js";

/** @returns {(Node | string)[]} the one line that says how the job stands, for its card */
export function outcome(job) {
  if (job.retry) return [`${job.error?.message ?? ""} ${again(job)}`];
  if (job.error) return [job.error.message, quiet(reference(job.error))];
  if (job.state === "SUCCESS") return result(job.result);
  return [SAYINGS[job.state] ?? job.progress?.message ?? "Running"];
}

const SAYINGS = {
  PENDING: "Waiting for a worker",
  STARTED: "A worker has begun",
  STALLED: "The worker has gone quiet",
  UNKNOWN: "The gateway has no records of this job any more",
};

function again({ retry, attempt }) {
  // The worker's clock may differ from ours: never promise more than the whole pause.
  const left = Math.min(retry.delay, Math.max(0, retry.at - Date.now() / 1000));
  const tries = retry.max === null ? "" : ` of ${retry.max + 1}`;
  const when = left > 0 ? `in ${Math.ceil(left)} s` : "now";
  return `Attempt ${attempt + 1}${tries} ${when}.`;
}

function result(value) {
  const address = download(value?.report_url);
  if (!address) return [value === null || value === undefined ? "Finished" : JSON.stringify(value)];
  const link = document.createElement("a");
  link.className = "download";
  link.href = address;
  link.target = "_blank";
  link.rel = "noopener";
  link.textContent = "Open the PDF";
  return [link, quiet(facts(value))];
}

function facts({ orders, pages, bytes }) {
  return [
    orders !== undefined && counted(orders, "order"),
    pages !== undefined && counted(pages, "page"),
    bytes !== undefined && size(bytes),
  ]
    .filter(Boolean)
    .join(" · ");
}

/** A result is the task's word, not ours: only an address of this very site becomes a link. */
function download(address) {
  if (typeof address !== "string" || !URL.canParse(address, location.href)) return null;
  const url = new URL(address, location.href);
  return url.origin === location.origin ? url.href : null;
}

function quiet(text) {
  const element = document.createElement("small");
  element.textContent = text;
  return element;
}
