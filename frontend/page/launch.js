/** @import { RecentJob } from "./recent.js" */
import { find } from "../look/dom.js";
import { requestBatch, requestImages, requestReport, requestText, requestYear } from "./ask.js";

/**
 * The forms that ask for jobs. They are inert until their script has come: the browser would submit them itself.
 *
 * @param {HTMLElement} root
 * @param {(task: RecentJob, long: boolean) => void} started `long`: it takes a while, so there is something to see
 */
export function launchPad(root, started) {
  const note = find(root, "#note");
  const hint = note.textContent ?? "";

  /** @param {string} text @param {"hint" | "problem"} kind */
  const say = (text, kind) => {
    note.textContent = text;
    note.dataset.kind = kind;
  };

  /**
   * @param {string} title
   * @param {() => Promise<import("./ask.js").Accepted>} ask
   * @param {boolean} [long]
   */
  const start = async (title, ask, long = false) => {
    say(hint, "hint");
    try {
      started({ title, ...(await ask()) }, long);
    } catch (problem) {
      say(problem instanceof Error ? problem.message : String(problem), "problem");
    }
  };

  reports(find(root, "#new-report"), start);
  texts(find(root, "#new-text"), start);
  pictures(find(root, "#new-picture"), start, () => say("Drawing a picture of 11 megapixels …", "hint"));
  find(root, "#begin").addEventListener("click", () => void start("The year’s report", requestYear, true));
  root.inert = false;
}

/** @typedef {(title: string, ask: () => Promise<import("./ask.js").Accepted>) => Promise<void>} Start */

/** @param {HTMLFormElement} form @param {Start} start */
function reports(form, start) {
  const user = /** @type {HTMLInputElement} */ (find(form, "#user-id"));
  form.addEventListener("submit", async (submit) => {
    submit.preventDefault();
    const id = Number(user.value);
    const several = Number(submit.submitter?.dataset.several ?? 0);
    const ids = Array.from({ length: several }, (_, index) => ((id + index - 1) % 250) + 1);
    if (several) await start(`${several} reports from user ${id}`, () => requestBatch(ids));
    else await start(`Report for user ${id}`, () => requestReport(id));
  });
}

/** @param {HTMLFormElement} form @param {Start} start */
function texts(form, start) {
  const words = /** @type {HTMLInputElement} */ (find(form, "#words"));
  form.addEventListener("submit", async (submit) => {
    submit.preventDefault();
    const count = Number(words.value);
    await start(`A text of ${count.toLocaleString("en")} words`, () => requestText(count));
  });
}

/** @param {HTMLFormElement} form @param {Start} start @param {() => void} drawing */
function pictures(form, start, drawing) {
  const picker = /** @type {HTMLInputElement} */ (find(form, "#picture"));
  /** @param {FileList | undefined} files */
  const upload = (files) => {
    for (const file of files ?? []) void start(file.name, () => requestImages(file));
  };
  picker.addEventListener("change", () => {
    upload(picker.files ?? undefined);
    picker.value = "";
  });
  find(form, "#sample").addEventListener("click", async () => {
    drawing();
    const { samplePicture } = await import("./late.js");
    const file = await samplePicture(Date.now());
    await start(file.name.replace(".jpg", ""), () => requestImages(file));
  });
  form.addEventListener("dragover", (drag) => {
    drag.preventDefault();
    form.dataset.over = "";
  });
  form.addEventListener("dragleave", () => delete form.dataset.over);
  form.addEventListener("drop", (drop) => {
    drop.preventDefault();
    delete form.dataset.over;
    upload(drop.dataTransfer?.files);
  });
}
