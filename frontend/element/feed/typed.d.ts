/**
 * `<task-feed>` for TypeScript: what the DOM, React, Vue and Svelte are told of it.
 *
 * A framework that is not installed cannot be told; `@ts-ignore` is for those.
 */
import type { FeedTask, JournalEvent, Mode, Rollup, TaskError } from "../../client/main.js";
import type { TaskFeed } from "./main.js";
import type { ShownTask } from "./portrait.js";

export * from "./main.js";

/** The element's events. All bubble, so each node of a page may listen to them. */
export interface TaskFeedEvents<Result = any> {
  /** The tasks or their counts have changed. */
  "feed-change": CustomEvent<{ tasks: readonly FeedTask<Result>[]; rollup: Rollup }>;
  /** Something happened to one of the tasks. */
  "feed-event": CustomEvent<JournalEvent<Result>>;
  /** The feed cannot be followed. */
  "feed-failed": CustomEvent<{ error: TaskError }>;
}

/** What a template may set: each as an attribute or as a property. */
export interface TaskFeedAttributes {
  /** The feed: `owner:me`, `tag:billing`. */
  feed?: string;
  /** The gateway, relative to the page. */
  "base-url"?: string;
  baseUrl?: string;
  /** What the list is to its user. */
  label?: string;
  /** How many tasks are shown, the newest; 20 without it. */
  limit?: string | number;
  /** The only transport to use; the client chooses without it. */
  transport?: Mode | "";
  /** A token that reads the feed. */
  token?: string;
  /** Called for a token at the start, and again before each ends. */
  getToken?: ((feed: string) => string | Promise<string>) | undefined;
  /** What a task is called, in place of its name. */
  titleOf?: ((task: ShownTask) => string | null | undefined) | undefined;
  /** The page of a task, where its name leads. */
  linkOf?: ((task: ShownTask) => string | null | undefined) | undefined;
  /** Tasks that the page follows itself, the newest first; then there is no feed. */
  tasks?: readonly ShownTask[] | undefined;
  /** Id of the task that the page shows beside the list. */
  current?: string;
  /** Screen readers are told nothing. */
  silent?: boolean;
}

/** `onfeed-change={(event) => …}` of React 19 and Svelte 5. */
type Handlers = { [Name in keyof TaskFeedEvents as `on${Name}`]?: (event: TaskFeedEvents[Name]) => void };

/** `on:feed-change={(event) => …}` of Svelte 4. */
type Directives = { [Name in keyof TaskFeedEvents as `on:${Name}`]?: (event: TaskFeedEvents[Name]) => void };

/** `@feed-change="…"` of Vue, which it calls `onFeedChange`. */
type Listeners = {
  [Name in keyof TaskFeedEvents as Name extends `feed-${infer What}` ? `onFeed${Capitalize<What>}` : never]?: (
    event: TaskFeedEvents[Name],
  ) => void;
};

// @ts-ignore no React
type ReactAttributes = import("react").DetailedHTMLProps<import("react").HTMLAttributes<TaskFeed>, TaskFeed>;
// @ts-ignore no Svelte
type SvelteAttributes = import("svelte/elements").HTMLAttributes<TaskFeed>;
// @ts-ignore no Vue
type VueAttributes = import("vue").HTMLAttributes & import("vue").ReservedProps;

interface InReact extends ReactAttributes, TaskFeedAttributes, Handlers {}
interface InSvelte extends SvelteAttributes, TaskFeedAttributes, Handlers, Directives {}
interface InVue extends VueAttributes, TaskFeedAttributes, Listeners {}

declare global {
  interface HTMLElementTagNameMap {
    "task-feed": TaskFeed;
  }
  interface GlobalEventHandlersEventMap extends TaskFeedEvents {}
  namespace JSX {
    interface IntrinsicElements {
      "task-feed": InReact;
    }
  }
  namespace svelteHTML {
    interface IntrinsicElements {
      "task-feed": InSvelte;
    }
  }
}

// @ts-ignore no React
declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "task-feed": InReact;
    }
  }
}

// @ts-ignore no Vue
declare module "vue" {
  interface GlobalComponents {
    "task-feed": new () => { $props: InVue };
  }
}
