/**
 * A topic is what can be followed: a task or a feed. Its name is its path below the gateway, so that no task is taken for
 * a feed, whatever it is called. Pure.
 */

const TASKS = "tasks/";
const FEEDS = "feeds/";

/** @param {string} taskId @returns {string} `tasks/0b87…` */
export const taskTopic = (taskId) => TASKS + encodeURIComponent(taskId);

/** @param {string} feed @returns {string} `feeds/owner%3Aada` */
export const feedTopic = (feed) => FEEDS + encodeURIComponent(feed);

/** @param {string} topic */
export const isFeed = (topic) => topic.startsWith(FEEDS);

/**
 * @param {string} topic
 * @returns {{task_id: string} | {feed: string}} what names it in a message to the gateway
 */
export function members(topic) {
  const name = decodeURIComponent(topic.slice(TASKS.length)); // both are as long
  return isFeed(topic) ? { feed: name } : { task_id: name };
}

/**
 * @param {{task_id?: string, feed?: string}} message of the gateway
 * @returns {string} what it is about: an event that has a `feed` is a feed's, also where it tells of a task
 */
export function topicOf({ task_id: taskId, feed }) {
  return feed === undefined ? taskTopic(taskId ?? "") : feedTopic(feed);
}
