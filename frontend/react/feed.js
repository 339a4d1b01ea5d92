"use client";

import { watchFeed } from "../client/feed.js";
import { Store, useStore } from "./store.js";

/** @import { FeedTask, FeedWatch, Rollup, TaskError } from "../client/main.js" */

/**
 * @typedef {object} FeedHookOptions as `watchFeed()` has them; `baseUrl`, `limit` and `transport` may change, of the rest
 *   the newest counts
 * @property {string | URL} [baseUrl]
 * @property {number} [limit]
 * @property {import("../client/main.js").Mode} [transport]
 * @property {(feed: string) => string | Promise<string>} [getToken]
 * @property {boolean} [share]
 */

/**
 * @template [Result=any] what the tasks return
 * @typedef {object} FeedView
 * @property {readonly FeedTask<Result>[]} tasks the newest first; one to which nothing has happened is the same object
 * @property {Rollup | null} rollup null before the list is there
 * @property {TaskError | null} error why there is no list
 * @property {import("../client/main.js").Line | null} line null while nothing is watched
 * @property {import("../client/main.js").Transport | null} transport the one in use
 * @property {FeedWatch<Result> | null} watch
 */

/** @type {Readonly<FeedView>} */
const IDLE = Object.freeze({ tasks: [], rollup: null, error: null, line: null, transport: null, watch: null });

/**
 * The tasks of a feed, live, in a component that draws again when one of them has changed.
 *
 * @template [Result=any] what the tasks return
 * @param {string | null | undefined} feed `owner:me` for instance; null while there is none
 * @param {FeedHookOptions} [options]
 * @returns {FeedView<Result>}
 */
export function useFeed(feed, options = {}) {
  const { limit } = options;
  const baseUrl = options.baseUrl && String(options.baseUrl);
  return useStore((newest) => feedStore(feed, baseUrl, limit, newest), [feed, baseUrl, limit], options).view;
}

/**
 * @param {string | null | undefined} feed
 * @param {string | undefined} baseUrl
 * @param {number | undefined} limit
 * @param {{options: FeedHookOptions}} newest
 * @returns {Store<FeedWatch, FeedView>}
 */
function feedStore(feed, baseUrl, limit, newest) {
  /** @type {import("./store.js").Open<FeedWatch, FeedView>} */
  const open = (show) => {
    const { transport, share, getToken } = newest.options;
    const watching = watchFeed(feed ?? "", {
      ...{ baseUrl, limit, transport, share },
      getToken: getToken && ((name) => newest.options.getToken?.(name) ?? ""),
    });
    watching.addEventListener("change", () => show({ tasks: watching.tasks, rollup: watching.rollup }));
    watching.addEventListener("line", ({ detail }) => show({ ...detail, error: watching.error }));
    return watching;
  };
  return new Store(IDLE, feed ? open : null);
}
