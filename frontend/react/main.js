"use client";

import { useCallback, useEffect, useMemo, useSyncExternalStore } from "react";

import { UNHEARD } from "../client/job.js";
import { watch } from "../client/watch.js";

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
  const { transport = "auto" } = options;
  const base = options.baseUrl && String(options.baseUrl);
  const store = useMemo(() => new TaskStore(taskId, base), [taskId, base]);
  // Before React subscribes, so that the watch begins with them.
  useEffect(() => store.choose(options));
  const view = useSyncExternalStore(store.subscribe, store.view, idle);
  useEffect(() => view.watch?.use(transport), [view.watch, transport]);
  const cancel = useCallback(/** @type {Watch["cancel"]} */ (how) => store.cancel(how), [store]);
  return { ...view, cancel };
}

const idle = () => IDLE;

/** Watches while somebody listens. Making one opens nothing: React may make one and throw it away. */
class TaskStore {
  #taskId;
  #baseUrl;
  /** @type {TaskOptions} */
  #options = {};
  #view = IDLE;
  /** @type {Set<() => void>} */
  #listeners = new Set();

  /** @param {string | null | undefined} taskId @param {string} [baseUrl] */
  constructor(taskId, baseUrl) {
    this.#taskId = taskId;
    this.#baseUrl = baseUrl;
  }

  /** @param {TaskOptions} options */
  choose(options) {
    this.#options = options;
  }

  view = () => this.#view;

  /** @param {() => void} listener */
  subscribe = (listener) => {
    this.#listeners.add(listener);
    if (this.#taskId && !this.#view.watch) this.#open(this.#taskId);
    return () => {
      this.#listeners.delete(listener);
      // StrictMode lets go of everything, and takes it again at once: that is one watch.
      queueMicrotask(() => this.#listeners.size || this.#close());
    };
  };

  /** @type {Watch["cancel"]} */
  async cancel(how) {
    const { watch: watching } = this.#view;
    if (!watching) throw new Error("There is no task to cancel yet.");
    return watching.cancel(how);
  }

  /** @param {string} taskId */
  #open(taskId) {
    const { transport, share, keep = 100 } = this.#options;
    const watching = watch(taskId, {
      baseUrl: this.#baseUrl,
      transport,
      share,
      getToken: this.#options.getToken && ((id) => this.#options.getToken?.(id) ?? ""),
    });
    /** @param {Partial<TaskView>} news */
    const show = (news) => {
      if (this.#view.watch === watching) this.#show(news);
    };
    this.#show({ ...IDLE, watch: watching, line: watching.line, transport: watching.transport });
    watching.addEventListener("event", ({ detail }) => {
      const events = [...this.#view.events, detail];
      show({ job: watching.job, events: events.slice(Math.max(0, events.length - keep)) });
    });
    watching.addEventListener("line", ({ detail }) => show(detail));
    watching.result.catch((error) => show({ error }));
  }

  #close() {
    const { watch: watching } = this.#view;
    this.#view = { ...this.#view, watch: null };
    watching?.close();
  }

  /** @param {Partial<TaskView>} news */
  #show(news) {
    this.#view = { ...this.#view, ...news };
    for (const listener of this.#listeners) listener();
  }
}
