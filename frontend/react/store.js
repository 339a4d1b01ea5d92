import { useEffect, useMemo, useSyncExternalStore } from "react";

/** @import { Mode } from "../client/main.js" */

/**
 * What opens a watch, and shows what comes of it; nothing more is shown of one that was closed.
 *
 * @template Watching, View
 * @typedef {(show: (news: Partial<View> | ((view: View) => Partial<View>)) => void) => Watching} Open
 */

/**
 * Something that is watched while somebody listens. Making one opens nothing: React may make one and throw it away.
 *
 * @template {{close: () => void, line: any, transport: any}} Watching
 * @template {{watch: Watching | null}} View
 */
export class Store {
  #idle;
  #open;
  #view;
  /** @type {Set<() => void>} */
  #listeners = new Set();

  /** @param {View} idle what is shown before anything is @param {Open<Watching, View> | null} open null: there is nothing yet */
  constructor(idle, open) {
    this.#idle = this.#view = idle;
    this.#open = open;
  }

  view = () => this.#view;
  idle = () => this.#idle;

  /** @param {() => void} listener */
  subscribe = (listener) => {
    this.#listeners.add(listener);
    if (this.#open && !this.#view.watch) this.#watch(this.#open);
    return () => {
      this.#listeners.delete(listener);
      // StrictMode lets go of everything, and takes it again at once: that is one watch.
      queueMicrotask(() => this.#listeners.size || this.#close());
    };
  };

  /** @param {Open<Watching, View>} open */
  #watch(open) {
    const watching = open((news) => {
      if (this.#view.watch === watching) this.#show(typeof news === "function" ? news(this.#view) : news);
    });
    const { line, transport } = watching;
    this.#show(/** @type {any} */ ({ ...this.#idle, watch: watching, line, transport }));
  }

  #close() {
    const { watch: watching } = this.#view;
    this.#view = { ...this.#view, watch: null };
    watching?.close();
  }

  /** @param {Partial<View>} news */
  #show(news) {
    this.#view = { ...this.#view, ...news };
    for (const listener of this.#listeners) listener();
  }
}

/**
 * The store of a component, and what it shows.
 *
 * @template {{close: () => void, use: (mode: Mode) => void, line: any, transport: any}} Watching
 * @template {{watch: Watching | null}} View
 * @template Options
 * @param {(newest: {options: Options}) => Store<Watching, View>} make
 * @param {readonly unknown[]} of another one of these is another watch
 * @param {Options & {transport?: Mode}} options
 * @returns {{store: Store<Watching, View>, view: View}}
 */
export function useStore(make, of, options) {
  const { transport = "auto" } = options;
  const newest = useMemo(() => ({ options }), of);
  const store = useMemo(() => make(newest), [newest]);
  // Before React subscribes, so that the watch begins with them.
  useEffect(() => void (newest.options = options));
  const view = useSyncExternalStore(store.subscribe, store.view, store.idle);
  useEffect(() => view.watch?.use(transport), [view.watch, transport]);
  return { store, view };
}
