import { compare, verdict } from "./cursor.js";
import { after, aside, UNHEARD } from "./job.js";

/**
 * What a feed's list and its events add up to. Pure; tests/data/feed_cases.json holds the rules to its cases.
 *
 * @import { FeedMessage, FeedPage, JournalEvent, Rollup } from "./contract.js"
 * @import { Cursor } from "./cursor.js"
 * @import { Job } from "./job.js"
 */

/**
 * @template [Result=any]
 * @typedef {Job<Result> & {taskId: string, event: JournalEvent<Result>, told: Cursor}} FeedTask
 *   one task of a feed: `event` is its newest that tells its state, `told` the feed's cursor when it was last told of
 */

/**
 * @template [Result=any]
 * @typedef {object} Roster
 * @property {readonly FeedTask<Result>[]} tasks the newest first, `limit` of them at the most
 * @property {Rollup | null} rollup of all tasks of the feed; null before its list
 * @property {Cursor} cursor of the feed; null before its list
 */

/** @type {Readonly<Roster>} */
export const UNLISTED = Object.freeze({ tasks: Object.freeze([]), rollup: null, cursor: null });

/** The cursor of a feed that has told nothing yet. */
const START = "0-0";

/**
 * What a roster whose cursor is `cursor` does with a message of its feed.
 *
 * `ask`: a transition is missing before it, so the gateway is to be asked for what follows the cursor. `list`: the feed
 * itself no longer has what is missing, so its list is to be read anew.
 *
 * @param {Cursor} cursor
 * @param {FeedMessage} message
 * @returns {"take" | "drop" | "ask" | "list"}
 */
export function due(cursor, message) {
  if (!message.id) return "take"; // it moves no cursor: only the task's own order counts
  if (cursor === START && message.type !== "gap") return message.id.endsWith("-1") ? "take" : "ask";
  const found = verdict(cursor, /** @type {any} */ (message), false);
  return found === "take" && message.type === "gap" ? "list" : found;
}

/**
 * @param {Roster} roster
 * @param {FeedMessage} message that is to be taken, or after which the list is read
 * @param {number} limit tasks at the most
 * @returns {Roster} the roster after one more message
 */
export function heard(roster, message, limit) {
  if (message.type === "gap") return { ...roster, cursor: message.id };
  const { id: cursor = roster.cursor, rollup = roster.rollup, event } = message;
  return { tasks: event ? entered(roster.tasks, event, cursor, limit) : roster.tasks, rollup, cursor };
}

/**
 * @param {Roster} roster
 * @param {FeedPage} page
 * @param {number} limit tasks at the most
 * @returns {Roster} the roster after its list: tasks that the list has not are gone, but for those that came meanwhile
 */
export function listed(roster, page, limit) {
  const { last_event_id: cursor, rollup } = page;
  const known = new Map(roster.tasks.map((task) => [task.taskId, task]));
  const newer = compare(roster.cursor, cursor) > 0;
  let tasks = page.tasks.slice(0, limit).map((event) => grown(known.get(event.task_id), event, cursor));
  const there = new Set(tasks.map(({ taskId }) => taskId));
  const came = roster.tasks.filter(({ taskId, told }) => !there.has(taskId) && compare(told, cursor) > 0);
  for (const task of came.reverse()) tasks = placed(tasks, task, limit);
  return newer ? { ...roster, tasks } : { tasks, rollup, cursor };
}

/**
 * @param {Roster} roster
 * @param {FeedPage} page that follows the list's first one
 * @param {number} limit
 * @returns {Roster} the roster with the older tasks, too
 */
export function continued(roster, page, limit) {
  const known = new Set(roster.tasks.map(({ taskId }) => taskId));
  const older = page.tasks.filter((event) => !known.has(event.task_id));
  const tasks = [...roster.tasks, ...older.map((event) => grown(undefined, event, page.last_event_id))];
  return { ...roster, tasks: tasks.slice(0, limit) };
}

/**
 * @param {readonly FeedTask[]} tasks
 * @param {JournalEvent} event
 * @param {Cursor} told
 * @param {number} limit
 */
function entered(tasks, event, told, limit) {
  const index = tasks.findIndex(({ taskId }) => taskId === event.task_id);
  const task = grown(tasks[index], event, told);
  return index < 0 ? placed(tasks, task, limit) : task === tasks[index] ? tasks : tasks.with(index, task);
}

/**
 * The task after one more event; as it is where the event is an older one.
 *
 * @param {FeedTask | undefined} before
 * @param {JournalEvent} event
 * @param {Cursor} told
 * @returns {FeedTask}
 */
function grown(before, event, told) {
  if (before && compare(event.id, before.cursor ?? null) <= 0) return before;
  // Another life of the journal is another run from the start.
  const job = before && born(before) === born({ cursor: event.id }) ? before : UNHEARD;
  const telling = aside(event) && job === before ? before.event : event;
  return { ...after(job, event), taskId: event.task_id, event: telling, told, began: born({ cursor: event.id }) / 1000 };
}

/**
 * A task that was not there, in its place by age. An older one than all that there is room for stays away.
 *
 * @param {readonly FeedTask[]} tasks
 * @param {FeedTask} task
 * @param {number} limit
 */
function placed(tasks, task, limit) {
  const older = tasks.findIndex((each) => born(each) <= born(task));
  return tasks.toSpliced(older < 0 ? tasks.length : older, 0, task).slice(0, limit);
}

/** @param {{cursor?: string}} job @returns {number} Unix ms at which this life of its journal began, as its ids say */
const born = ({ cursor = START }) => Number(cursor.split("-")[0]);
