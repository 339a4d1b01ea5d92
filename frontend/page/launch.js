/** @import { RecentJob } from "./recent.js" */
import { find } from "../look/dom.js";
import { requestImages, requestReport } from "./ask.js";
import { samplePicture } from "./sample.js";

/**
 * The forms that ask for jobs.
 *
 * @param {HTMLElement} root
 * @param {(task: RecentJob) => void} started
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
   */
  const start = async (title, ask) => {
    say(hint, "hint");
    try {
      started({ title, ...(await ask()) });
    } catch (problem) {
      say(problem instanceof Error ? problem.message : String(problem), "problem");
    }
  };

  reports(find(root, "#new-report"), start);
  pictures(find(root, "#new-picture"), start, () => say("Drawing a picture of 11 megapixels …", "hint"));
}

/** @typedef {(title: string, ask: () => Promise<import("./ask.js").Accepted>) => Promise<void>} Start */

/** @param {HTMLFormElement} form @param {Start} start */
function reports(form, start) {
  const user = /** @type {HTMLInputElement} */ (find(form, "#user-id"));
  form.addEventListener("submit", async (submit) => {
    submit.preventDefault();
    const id = Number(user.value);
    const several = submit.submitter?.dataset.several;
    const ids = several ? Array.from({ length: Number(several) }, (_, index) => ((id + index - 1) % 250) + 1) : [id];
    for (const one of ids) await start(`Report for user ${one}`, () => requestReport(one));
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
