/**
 * The package `taskbeam`: what a page imports to follow tasks.
 *
 * @typedef {import("./contract.js").Estimate} Estimate
 * @typedef {import("./contract.js").Line} Line
 * @typedef {import("./contract.js").Mode} Mode
 * @typedef {import("./contract.js").Progress} Progress
 * @typedef {import("./contract.js").TaskFault} TaskFault
 * @typedef {import("./contract.js").Transport} Transport
 * @typedef {import("./contract.js").Rollup} Rollup
 * @typedef {import("./feed.js").FeedOptions} FeedOptions
 * @typedef {import("./job.js").Tone} Tone
 * @typedef {import("./watch.js").WatchOptions} WatchOptions
 */

/** @template [Result=any] @typedef {import("./contract.js").TaskEvent<Result>} TaskEvent */
/** @template [Result=any] @typedef {import("./contract.js").JournalEvent<Result>} JournalEvent */
/** @template [Result=any] @typedef {import("./job.js").Job<Result>} Job */
/** @template [Result=any] @typedef {import("./watch.js").WatchEvents<Result>} WatchEvents */
/** @template [Result=any] @typedef {import("./feed.js").FeedWatchEvents<Result>} FeedWatchEvents */
/** @template [Result=any] @typedef {import("./roster.js").FeedTask<Result>} FeedTask */

export { TaskError } from "./errors.js";
export { FeedWatch, watchFeed } from "./feed.js";
export { after, percent, tone, UNHEARD, unknown } from "./job.js";
export { Watch, watch } from "./watch.js";
