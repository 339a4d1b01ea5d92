"use client";

/** The hooks. */

/** @typedef {import("./task.js").TaskOptions} TaskOptions */
/** @typedef {import("./feed.js").FeedHookOptions} FeedHookOptions */
/** @template [Result=any] @typedef {import("./task.js").TaskView<Result>} TaskView */
/** @template [Result=any] @typedef {import("./feed.js").FeedView<Result>} FeedView */

export { useFeed } from "./feed.js";
export { useTask } from "./task.js";
