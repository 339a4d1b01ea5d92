/**
 * What a link and its connection expect of each other; each transport is one way to open a connection.
 *
 * @import { FeedMessage, Refusal, TaskEvent } from "./contract.js"
 * @import { Cursor } from "./cursor.js"
 * @import { Failure } from "./ladder.js"
 *
 * @typedef {{event: TaskEvent | FeedMessage, first: boolean} | {ended: true} | {refused: Refusal}} TopicNews
 *   `first`: the first event that the journal still has; `ended`: there is nothing after the cursor, nor will there be
 *
 * @typedef {object} Topic a task or a feed: where its stream stands, and what shows that it may be read
 * @property {Cursor} after
 * @property {string} [token]
 * @property {Set<string>} tabs who follow it
 *
 * @typedef {object} Listener what a connection calls; nothing of it once it was closed
 * @property {() => void} opened
 * @property {() => void} heard something came: nothing on the way holds it back
 * @property {(topic: string, news: TopicNews) => void} tell
 * @property {(failure: Failure) => void} failed for all of its topics; the link closes it
 *
 * @typedef {object} Connection
 * @property {(topic: string) => void} ask for what follows the topic's cursor; again, when it has changed
 * @property {(topic: string) => void} forget
 * @property {(hurry: boolean) => void} check now and then: is it silent? `hurry`: the computer may have slept
 * @property {() => void} close
 *
 * @typedef {(base: URL, topics: ReadonlyMap<string, Topic>, listener: Listener) => Connection} Open
 */

/** Problems that another attempt may solve; every other one is about the topic, and final. */
const PASSING = /^(unreachable|unavailable|internal_error|restarting|idle|too_.*|rate_limited|records_missing|insufficient_storage|no_worker_answered|http_5..)$/;

/**
 * @param {string} code of the contract's table, or `unreachable`
 * @returns {boolean}
 */
export function passing(code) {
  return PASSING.test(code);
}
