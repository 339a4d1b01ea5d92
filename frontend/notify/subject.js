/** What a bell is about: one task, or all of an owner's. */
/** @import { TaskFeed } from "../element/feed/main.js" */
/** @import { TaskProgress } from "../element/main.js" */
/** @import { NotifyOptions } from "./notify.js" */
/** @import { BellJob } from "./offer.js" */
import { forget, isAsked, isAskedForAll, notify, notifyAll, withdraw } from "./notify.js";
import { offeredIn } from "./offer.js";
import { bellWords } from "./wording.js";

/** The only feed whose tasks are those of whoever asks: about another, nobody can ask for all. */
const OWN = "owner:me";

/**
 * @typedef {object} Subject
 * @property {string} key another for another; "" for none
 * @property {TaskProgress | TaskFeed | null} around the element that shows it
 * @property {string} news the event by which that says that something is another
 * @property {number | null} wait seconds until it is offered; null: not as things stand
 * @property {boolean} over
 * @property {string} offer
 * @property {() => boolean} isOn
 * @property {(options: Promise<NotifyOptions>) => Promise<void>} ask
 * @property {(options: NotifyOptions) => Promise<void>} stop
 */

/**
 * @param {HTMLElement & {taskId: string}} bell
 * @param {BellJob | undefined} told what the page says of the task, where no element around does
 * @param {() => NotifyOptions} gateway
 * @returns {Subject}
 */
export function subjectOf(bell, told, gateway) {
  const around = bell.closest("task-progress");
  const list = around || bell.taskId ? null : bell.closest("task-feed");
  return list ? ofAll(list, gateway) : ofOne(bell.taskId || around?.taskId || "", around, told, gateway);
}

/** @param {string} task @param {TaskProgress | null} around @param {BellJob | undefined} told @param {() => NotifyOptions} gateway @returns {Subject} */
function ofOne(task, around, told, gateway) {
  const job = told ?? around?.job;
  return {
    key: task,
    around,
    news: "task-event",
    wait: job ? offeredIn(job) : 0,
    over: !!job?.final,
    offer: bellWords.offer,
    isOn: () => isAsked(task, gateway()),
    ask: (options) => notify(task, options),
    stop: (options) => withdraw(task, options),
  };
}

/** As soon as it would be offered of one of them. @param {TaskFeed} list @param {() => NotifyOptions} gateway @returns {Subject} */
function ofAll(list, gateway) {
  const waits = list.tasks.map(offeredIn).filter((wait) => wait !== null);
  return {
    key: list.feed === OWN ? OWN : "",
    around: list,
    news: "feed-change",
    wait: waits.length ? Math.min(...waits) : null,
    over: false,
    offer: bellWords.offerAll,
    isOn: () => isAskedForAll(gateway()),
    ask: (options) => notifyAll(options),
    stop: forget,
  };
}
