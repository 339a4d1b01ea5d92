/** The way in for operators: a link from `taskbeam login` has a code behind its #, which only this page reads. */
import { find, say } from "../look/dom.js";

const form = /** @type {HTMLFormElement} */ (find(document, "form"));
const note = find(document, "[role=status]");
// Without this module a browser would send the link itself.
form.inert = false;

const code = location.hash.slice(1);
// Neither the history keeps it, nor whoever is shown this page's address.
if (code) history.replaceState(null, "", location.pathname);
if (code) void enter(code);

form.addEventListener("submit", (submit) => {
  submit.preventDefault();
  const { link } = /** @type {any} */ (Object.fromEntries(new FormData(form)));
  void enter(link.trim().replace(/^.*#/, ""));
});

find(document, "#leave").addEventListener("click", async () => {
  const response = await ask("DELETE");
  say(note, response?.ok ? "You are signed out." : await reason(response));
});

/** @param {string} code */
async function enter(code) {
  say(note, "Signing in …");
  const response = await ask("POST", { code });
  if (response?.ok) location.replace("../dashboard/");
  else say(note, await reason(response));
}

/** @param {string} method @param {object} [body] @returns {Promise<Response | null>} */
function ask(method, body) {
  const headers = { "Content-Type": "application/json" };
  return fetch("../login", { method, ...(body && { headers, body: JSON.stringify(body) }) }).catch(() => null);
}

/** @param {Response | null} response that is not good @returns {Promise<string>} */
async function reason(response) {
  const problem = await response?.json().catch(() => null);
  return problem?.detail ?? problem?.title ?? "The gateway cannot be reached.";
}
