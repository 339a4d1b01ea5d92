/** @import { RecentJob } from "./recent.js" */
import { find } from "../look/dom.js";

/** Characters that stay on the page. */
const MOST = 20_000;
/** Pixels from the end at which somebody still reads there. */
const NEAR = 8;

/** A task's event stream as it comes: the bytes that `curl -N` prints. Asked for only while somebody looks. */
export class CurlPane {
  #place;
  #text;
  /** @type {RecentJob | undefined} */
  #task;
  /** @type {AbortController | undefined} */
  #running;

  /** @param {HTMLDetailsElement} place */
  constructor(place) {
    this.#place = place;
    this.#text = find(place, "pre");
    place.addEventListener("toggle", () => this.#begin());
  }

  /** @param {RecentJob | undefined} task */
  show(task) {
    this.#task = task;
    this.#begin();
  }

  #begin() {
    this.#running?.abort();
    this.#text.replaceChildren();
    if (!this.#task || !this.#place.open) return;
    this.#running = new AbortController();
    void this.#print(this.#task, this.#running.signal).catch(() => {}); // as curl, it does not connect again
  }

  /** @param {RecentJob} task @param {AbortSignal} signal */
  async #print({ task_id, token }, signal) {
    const url = new URL(`tasks/${encodeURIComponent(task_id)}/events`, document.baseURI.split("#")[0]);
    this.#append(`$ curl -N ${token ? "-H \"Authorization: Bearer $TOKEN\" " : ""}${url}\n`);
    const headers = { accept: "text/event-stream", ...(token && { authorization: `Bearer ${token}` }) };
    const response = await fetch(url, { headers, signal, cache: "no-store" });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    for (let read; reader && !(read = await reader.read()).done; ) if (!signal.aborted) this.#append(read.value);
  }

  /** @param {string} text */
  #append(text) {
    const { scrollHeight, scrollTop, clientHeight } = this.#text;
    const follows = scrollHeight - scrollTop - clientHeight < NEAR;
    this.#text.textContent = (this.#text.textContent + text).slice(-MOST);
    if (follows) this.#text.scrollTop = this.#text.scrollHeight;
  }
}
