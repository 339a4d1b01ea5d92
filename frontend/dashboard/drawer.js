/** @import { Watch } from "../client/main.js" */
/** @import { TaskError } from "../client/errors.js" */
/** @import { Job } from "../client/job.js" */
import { after, tone, UNHEARD } from "../client/job.js";
import { watch } from "../client/watch.js";
import { find, make, say } from "../look/dom.js";
import { Canvas } from "./canvas.js";
import { argumentsOf, facts, failureOf, pretty } from "./facts.js";
import { Log } from "./log.js";
import { Newest } from "./newest.js";
import { details } from "./requests.js";
import { both } from "./times.js";

/** @import { Fact } from "./facts.js" */
/** @import { Details } from "./requests.js" */

/** Milliseconds from an end to the look for what Celery has stored of it, which comes just before or after. */
const STORED = 300;

/** One job at the side of the page: what is known of it, and its events, live. */
export class Drawer {
  #dialog;
  #log;
  #address;
  #canvas;
  #task = "";
  #asking = new Newest(async () => {});
  /** @type {Watch | undefined} */
  #watch;
  /** @type {Details | undefined} */
  #details;
  /** @type {Job} */
  #job = UNHEARD;

  /**
   * @param {HTMLDialogElement} dialog
   * @param {() => void} closed the user has closed it
   * @param {(change: Record<string, string>) => string} address of the list with other filters
   * @param {(kind: "run-again" | "cancel", ids: string[]) => void} act
   * @param {(line: string) => void} choose the user has chosen a line of the log
   */
  constructor(dialog, closed, address, act, choose) {
    this.#dialog = dialog;
    this.#address = address;
    this.#log = new Log(find(dialog, ".log"), (line) => address({ task: this.#task, line }), choose);
    this.#canvas = new Canvas(find(dialog, ".canvas"), (task) => address({ task }), () => this.#log.seek(), () => this.#job !== UNHEARD && !this.#job.final);
    dialog.addEventListener("close", () => {
      this.#leave();
      if (this.#task) closed();
    });
    for (const button of dialog.querySelectorAll("[data-act]")) {
      button.addEventListener("click", () => act(/** @type {any} */ (/** @type {HTMLElement} */ (button).dataset.act), [this.#task]));
    }
    find(dialog, "[data-close]").addEventListener("click", () => dialog.close());
  }

  /** @param {string} task its id; empty: none @param {string} line of its log that is chosen; empty: none */
  show(task, line) {
    if (task !== this.#task) this.#open(task);
    if (task) this.#log.choose(line);
  }

  /** @param {string} task */
  #open(task) {
    this.#leave();
    this.#task = task;
    if (!task) return this.#dialog.close();
    [this.#details, this.#job] = [undefined, UNHEARD];
    this.#log.clear();
    this.#draw();
    this.#asking = new Newest(() => this.#ask(task));
    this.#asking.soon();
    this.#canvas.show(task);
    this.#follow(task);
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#dialog.scrollTop = 0;
  }

  /** Nothing is asked or heard any more. */
  #leave() {
    this.#watch?.close();
    this.#asking.stop();
    this.#canvas.show("");
  }

  /** @param {string} task */
  async #ask(task) {
    let refused = "";
    try {
      const found = await details(task);
      if (task === this.#task) this.#details = found;
    } catch (error) {
      const { code, message } = /** @type {TaskError} */ (error);
      refused = code === "unknown_task" ? "Nothing is known of this job: it was never sent, or it is long gone." : message;
    }
    if (task !== this.#task) return;
    this.#part("refused", refused);
    this.#draw();
  }

  /** @param {string} task */
  #follow(task) {
    const watching = watch(task);
    this.#watch = watching;
    let due = 0;
    watching.addEventListener("event", ({ detail: event }) => {
      if (this.#watch !== watching) return;
      this.#job = after(this.#job, event);
      this.#log.hear(event);
      if (event.type === "state") {
        this.#asking.soon(STORED);
        this.#canvas.news();
      }
      due ||= requestAnimationFrame(() => {
        due = 0;
        if (this.#watch !== watching) return;
        this.#log.show(this.#job);
        this.#draw();
      });
    });
  }

  #draw() {
    const [job, known] = [this.#job, this.#details];
    const state = job === UNHEARD ? known?.state : job.state;
    this.#dialog.dataset.tone = tone(state ?? "PENDING");
    say(find(this.#dialog, "h2 bdi"), known?.name ?? job.name ?? "Job");
    say(find(this.#dialog, ".state"), state ?? "");
    this.#part("title", known?.title ?? "");
    say(find(this.#dialog, ".identity code"), this.#task);
    this.#part("spans", known ? both(known, Date.now() / 1000) : "");
    const list = known ? facts(known, this.#address) : [];
    const told = list.map(({ name, text }) => `${name}\n${text}`).join("\n");
    const place = find(this.#dialog, ".facts");
    // A link that somebody is about to press stays.
    if (place.dataset.told !== told) {
      place.dataset.told = told;
      place.replaceChildren(...list.map(fact));
    }
    find(this.#dialog, "[data-act=run-again]").hidden = !known || known.ended === undefined;
    find(this.#dialog, "[data-act=cancel]").hidden = !known || known.ended !== undefined;
    this.#part("failure", known ? failureOf(known) : "");
    this.#part("traceback", known?.traceback ?? "");
    this.#part("arguments", known ? argumentsOf(known) : "");
    this.#part("result", job.result === undefined ? "" : pretty(job.result));
    this.#part("steps", (job.steps ?? []).map(({ depth = 0, name, state, percent }) => `${"  ".repeat(depth)}${name} · ${state}${percent === undefined ? "" : ` · ${Math.floor(percent)}%`}`).join("\n"));
    this.#log.seek();
  }

  /** Fill a part, which is there only with something in it. @param {string} name @param {string} text */
  #part(name, text) {
    const part = find(this.#dialog, `[data-part="${name}"]`);
    part.hidden = !text;
    say(part.querySelector("pre, bdi") ?? part, text);
  }
}

/** @param {Fact} fact */
function fact({ name, text, href, elsewhere }) {
  const value = make("bdi", {}, text);
  const link = href && make("a", { href, ...(elsewhere ? { target: "_blank", rel: "noopener" } : {}) }, value);
  return make("div", {}, make("dt", {}, name), make("dd", {}, link || value));
}
