/** @import { Button, Shown } from "./target-row.js" */
/** @import { Device, Preference, Told, Webhook } from "./targets.js" */
import { find, say } from "../look/dom.js";
import { forget, thisDevice } from "../notify/index.js";
import { Preferences } from "./preferences.js";
import { events, moment, reason } from "./standing.js";
import { targetRow } from "./target-row.js";
import { enableWebhook, prefer, removeDevice, removeWebhook, told, tryWebhook } from "./targets.js";

/**
 * The section in which an account sees who is told of its jobs.
 *
 * @param {HTMLElement} section
 * @param {HTMLElement} way a button that leads there
 * @param {string[]} channels those that the gateway has
 */
export async function toldPlace(section, way, channels) {
  const place = new ToldPlace(section, channels);
  way.addEventListener("click", () => find(section, "h2").focus());
  await place.look();
  way.hidden = section.hidden = false;
  // A device was added, in this tab or elsewhere; or something was sent meanwhile.
  document.addEventListener("bell-change", () => void place.look());
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && void place.look());
}

class ToldPlace {
  #section;
  #channels;
  #note;
  #form;
  /** How often it was asked. */
  #turn = 0;
  /** What is drawn: what stays as it is keeps its nodes, and the focus. */
  #drawn = "";
  #preferences = "";

  /** @param {HTMLElement} section @param {string[]} channels */
  constructor(section, channels) {
    this.#section = section;
    this.#channels = channels;
    this.#note = find(section, "[role=status]");
    this.#form = new Preferences(find(section, "form"), (wanted) => void this.#pressed(() => this.#save(wanted)));
  }

  /** Ask again. */
  async look() {
    const turn = (this.#turn += 1);
    try {
      const found = await told(this.#channels);
      // An earlier answer may come later.
      if (turn === this.#turn) this.#draw(found);
    } catch (problem) {
      this.#say(problem);
    }
  }

  /** @param {Told} found */
  #draw({ devices, webhooks, preferences, critical }) {
    const mine = thisDevice();
    const drawn = JSON.stringify([devices, webhooks, mine]);
    if (drawn !== this.#drawn) {
      this.#drawn = drawn;
      this.#list("devices", devices?.map((each) => this.#device(each, mine)));
      this.#list("webhooks", webhooks?.map((each) => this.#webhook(each)));
    }
    // Nor does what somebody is writing go away, unless it was changed elsewhere.
    const wanted = JSON.stringify(preferences);
    if (wanted !== this.#preferences) this.#form.show(preferences);
    this.#preferences = wanted;
    say(find(this.#section, "[data-part=critical]"), critical.length ? `You are always told of ${critical.join(", ")}.` : "");
  }

  /** @param {string} name @param {Shown[] | undefined} rows undefined: the gateway has no such thing */
  #list(name, rows) {
    const part = find(this.#section, `[data-part=${name}]`);
    const list = find(part, "ul");
    part.hidden = !rows;
    find(part, ".none").hidden = !!rows?.length;
    const before = [...list.querySelectorAll("button")].indexOf(/** @type {any} */ (document.activeElement));
    list.replaceChildren(...(rows ?? []).map((row) => targetRow(row, (press) => void this.#pressed(press))));
    if (before < 0) return;
    const buttons = [...list.querySelectorAll("button")];
    (buttons[Math.min(before, buttons.length - 1)] ?? find(part, "h3")).focus();
  }

  /** @param {Device} device @param {string | undefined} mine @returns {Shown} */
  #device(device, mine) {
    const isMine = device.device === mine;
    const of = device.every ? "Told of all your jobs" : "Told of the jobs it asked about";
    const remove = async () => {
      await (isMine ? forget() : removeDevice(device.device));
      return `${device.browser} is told nothing any more.`;
    };
    return {
      kind: "device",
      name: device.browser,
      mark: isMine ? "this device" : undefined,
      facts: `${of}, since ${moment(device.created)}.`,
      health: device,
      buttons: [{ label: "Remove", press: remove }],
    };
  }

  /** @param {Webhook} webhook @returns {Shown} */
  #webhook(webhook) {
    const { webhook: id, url } = webhook;
    const attempt = async () => {
      const { taken, answer } = await tryWebhook(id);
      return taken ? `${url} took the trial (${answer}).` : `${url} did not take the trial: ${reason(answer, "webhook")}.`;
    };
    const enable = async () => {
      await enableWebhook(id);
      return `${url} is told again.`;
    };
    const remove = async () => {
      await removeWebhook(id);
      return `${url} is told nothing any more.`;
    };
    /** @type {Button[]} */
    const again = webhook.disabled ? [{ label: "Enable", press: enable }] : [];
    return {
      kind: "webhook",
      name: url,
      facts: `${events(webhook)}.`,
      health: webhook,
      buttons: [{ label: "Test", press: attempt }, ...again, { label: "Remove", press: remove }],
    };
  }

  /** @param {Preference[]} wanted */
  async #save(wanted) {
    await prefer(wanted);
    this.#preferences = JSON.stringify(wanted);
    return "Saved. It holds for what is sent from now on.";
  }

  /** @param {Button["press"]} press */
  async #pressed(press) {
    this.#say("");
    try {
      const words = await press();
      await this.look();
      this.#say(words ?? "");
    } catch (problem) {
      this.#say(problem);
    }
  }

  /** @param {unknown} words */
  #say(words) {
    const isProblem = words instanceof Error;
    this.#note.dataset.kind = isProblem ? "problem" : "hint";
    say(this.#note, isProblem ? words.message : String(words));
  }
}
