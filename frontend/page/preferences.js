/** @import { Preference } from "./targets.js" */
import { find, make } from "../look/dom.js";

/** Preferences that an account may have. */
const MOST = 50;

const CHANNELS = { "*": "Everywhere", push: "On my devices", webhook: "By my webhooks" };
const TELL = { all: "All ends", failures: "Failures only", none: "Nothing" };

/** The form in which somebody says of which ends to hear: a line for each rule, of which the first that fits decides. */
export class Preferences {
  #form;
  #list;
  #none;
  #add;

  /** @param {HTMLFormElement} form @param {(preferences: Preference[]) => void} save */
  constructor(form, save) {
    this.#form = form;
    this.#list = find(form, "ol");
    this.#none = find(form, ".none");
    this.#add = find(form, "[data-part=add]");
    this.#add.addEventListener("click", () => this.#more());
    form.addEventListener("submit", (submit) => {
      submit.preventDefault();
      save(this.#rules());
    });
  }

  /** @param {readonly Preference[]} preferences */
  show(preferences) {
    this.#list.replaceChildren(...preferences.map((each) => this.#row(each)));
    this.#arrange();
  }

  #more() {
    const row = this.#row({ channel: "*", tasks: "", tell: "failures" });
    this.#list.append(row);
    this.#arrange();
    find(row, "input").focus();
  }

  /** @param {Preference} preference */
  #row({ channel, tasks, tell }) {
    const field = make("input", { class: "field", name: "tasks", required: "", maxlength: 255, dir: "auto", autocomplete: "off" });
    field.value = tasks;
    field.placeholder = "reports.*";
    field.setAttribute("aria-describedby", "patterns");
    const remove = make("button", { class: "quiet", type: "button" }, "×");
    const rule = make(
      "fieldset",
      { class: "rule" },
      labelled("Tasks", field),
      labelled("Where", choice("channel", CHANNELS, channel)),
      labelled("Tell", choice("tell", TELL, tell)),
      remove,
    );
    const row = make("li", {}, rule);
    remove.addEventListener("click", () => {
      const next = row.nextElementSibling ?? row.previousElementSibling;
      row.remove();
      this.#arrange();
      (next?.querySelector("button") ?? this.#add).focus();
    });
    return row;
  }

  /** @returns {Preference[]} */
  #rules() {
    const fields = new FormData(this.#form);
    const [tasks, channels, tells] = ["tasks", "channel", "tell"].map((name) => fields.getAll(name).map(String));
    return /** @type {any} */ (tasks?.map((name, place) => ({ tasks: name.trim(), channel: channels?.[place], tell: tells?.[place] })));
  }

  /** Each line is named by its place, which matters. */
  #arrange() {
    const rows = [...this.#list.children];
    this.#none.hidden = rows.length > 0;
    this.#add.hidden = rows.length >= MOST;
    rows.forEach((row, place) => {
      find(row, "fieldset").setAttribute("aria-label", `Rule ${place + 1}`);
      find(row, "button").setAttribute("aria-label", `Remove rule ${place + 1}`);
    });
  }
}

/** @param {string} text @param {HTMLElement} control */
function labelled(text, control) {
  return make("label", {}, text, control);
}

/** @param {string} name @param {Record<string, string>} options @param {string} chosen */
function choice(name, options, chosen) {
  const select = make("select", { class: "field", name });
  select.append(...Object.entries(options).map(([value, text]) => make("option", { value }, text)));
  select.value = chosen;
  return select;
}
