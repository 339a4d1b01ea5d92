"use client";

import { useCallback } from "react";

import { UNHEARD } from "../client/job.js";
import { watch } from "../client/watch.js";
import { Store, useStore } from "./store.js";

/** @import { Job, TaskError, TaskEvent, Watch } from "../client/main.js" */

/**
 * @typedef {object} TaskOptions as `watch()` has them; `baseUrl` and `transport` may change, of the rest the newest counts
 * @property {string | URL} [baseUrl]
 * @property {import("../client/main.js").Mode} [transport]
 * @property {(taskId: string) => string | Promise<string>} [getToken]
 * @property {boolean} [share]
 * @property {number} [keep] the most events in `events`: the newest 100 without it
 */

/**
 * @template [Result=any] what the task returns
 * @typedef {object} TaskView
 * @property {Job<Result>} job
 * @property {TaskEvent<Result>[]} events the newest, oldest first
 * @property {TaskError | null} error why there is no result, or none to be had
 * @property {import("../client/main.js").Line | null} line null while nothing is watched
 * @property {import("../client/main.js").Transport | null} transport the one in use
 * @property {Watch<Result> | null} watch
 */

/** @type {Readonly<TaskView>} */
const IDLE = Object.freeze({ job: UNHEARD, events: [], error: null, line: null, transport: null, watch: null });

/**
 * One task, live, in a component that draws again with each event.
 *
 * @template [Result=any] what the task returns
 * @param {string | null | undefined} taskId null while there is none
 * @param {TaskOptions} [options]
 * @returns {TaskView<Result> & {cancel: Watch["cancel"]}} `cancel` stays the same function
 */
export function useTask(taskId, options = {}) {
  const baseUrl = options.baseUrl && String(options.baseUrl);
  const { store, view } = useStore((newest) => taskStore(taskId, baseUrl, newest), [taskId, baseUrl], options);
  const cancel = useCallback(
    /** @type {Watch["cancel"]} */ async (how) => {
      const { watch: watching } = store.view();
      if (!watching) throw new Error("There is no task to cancel yet.");
      return watching.cancel(how);
    },
    [store],
  );
  return { ...view, cancel };
}

/**
 * @param {string | null | undefined} taskId
 * @param {string | undefined} baseUrl
 * @param {{options: TaskOptions}} newest
 * @returns {Store<Watch, TaskView>}
 */
function taskStore(taskId, baseUrl, newest) {
  /** @type {import("./store.js").Open<Watch, TaskView>} */
  const open = (show) => {
    const { transport, share, keep = 100, getToken } = newest.options;
    const watching = watch(taskId ?? "", {
      ...{ baseUrl, transport, share },
      getToken: getToken && ((id) => newest.options.getToken?.(id) ?? ""),
    });
    watching.addEventListener("event", ({ detail }) => {
      show(({ events }) => ({ job: watching.job, events: [...events, detail].slice(-keep || events.length + 1) }));
    });
    // The text so far is no event of the journal.
    watching.addEventListener("output", ({ detail }) => detail.id === undefined && show({ job: watching.job }));
    watching.addEventListener("line", ({ detail }) => show(detail));
    watching.result.catch((error) => show({ error }));
    return watching;
  };
  return new Store(IDLE, taskId ? open : null);
}
