import { find, say } from "../look/dom.js";
import { signIn, signOut, signUp } from "./session.js";

/**
 * The place in the head of the page where somebody signs in and out. The page then begins anew: what it follows is
 * another person's.
 *
 * @param {HTMLElement} place
 * @param {HTMLDialogElement} dialog with the form
 * @param {string | null} account who has signed in
 */
export function accountPlace(place, dialog, account) {
  const enter = find(place, "[data-part=enter]");
  const leave = find(place, "[data-part=leave]");
  say(find(place, "[data-part=name]"), account ?? "");
  enter.hidden = account !== null;
  leave.hidden = account === null;
  place.dataset.offered = "";
  enter.addEventListener("click", () => dialog.showModal());
  leave.addEventListener("click", () => void signOut().finally(beginAnew));
  form(find(dialog, "form"), beginAnew);
  find(dialog, "[data-part=close]").addEventListener("click", () => dialog.close());
}

/** Without the job in the address, which is not this person's. */
function beginAnew() {
  history.replaceState(null, "", location.pathname);
  location.reload();
}

/** @param {HTMLFormElement} form @param {() => void} done */
function form(form, done) {
  const note = find(form, "[role=status]");
  form.addEventListener("submit", async (submit) => {
    submit.preventDefault();
    const ask = submit.submitter?.dataset.kind === "sign-up" ? signUp : signIn;
    const fields = new FormData(form);
    say(note, "");
    try {
      await ask(String(fields.get("name")), String(fields.get("password")));
      done();
    } catch (problem) {
      say(note, problem instanceof Error ? problem.message : String(problem));
    }
  });
}
