/**
 * `<task-progress>` for TypeScript: what the DOM, React, Vue and Svelte are told of it.
 *
 * A framework that is not installed cannot be told; `@ts-ignore` is for those.
 */
import type { Job, Mode, TaskError, TaskEvent, Watch } from "../client/main.js";
import type { TaskProgress } from "./main.js";

export * from "./main.js";

/** The element's events. All bubble, so each node of a page may listen to them. */
export interface TaskProgressEvents<Result = any> {
  /** Every event of the task, in order. */
  "task-event": CustomEvent<TaskEvent<Result>>;
  /** Another state or attempt. */
  "task-state": CustomEvent<Job<Result>>;
  /** The task ended well. */
  "task-done": CustomEvent<{ result: Result; job: Job<Result> }>;
  /** The task ended otherwise, or cannot be followed. */
  "task-failed": CustomEvent<{ error: TaskError; job: Job<Result> }>;
  /** The user asks to cancel the task; `preventDefault()` keeps it going. */
  "task-cancel": CustomEvent<null>;
}

/** What a template may set: each as an attribute or as a property. */
export interface TaskProgressAttributes {
  /** The task. */
  "task-id"?: string;
  taskId?: string;
  /** The gateway, relative to the page. */
  "base-url"?: string;
  baseUrl?: string;
  /** What the task is to its user. */
  label?: string;
  /** The only transport to use; the client chooses without it. */
  transport?: Mode | "";
  /** The task's token. */
  token?: string;
  /** Called for a token at the start, and again before each ends. */
  getToken?: ((taskId: string) => string | Promise<string>) | undefined;
  /** A Watch that the page has already, in place of a task. */
  watch?: Watch | null;
  /** There is a button to cancel the task. */
  cancellable?: boolean;
  /** Cancelling ends a running task by signal. */
  terminate?: boolean;
  /** There are details to unfold. */
  details?: boolean;
  /** Screen readers are told nothing. */
  silent?: boolean;
}

/** `ontask-done={(event) => …}` of React 19 and Svelte 5. */
type Handlers = { [Name in keyof TaskProgressEvents as `on${Name}`]?: (event: TaskProgressEvents[Name]) => void };

/** `on:task-done={(event) => …}` of Svelte 4. */
type Directives = { [Name in keyof TaskProgressEvents as `on:${Name}`]?: (event: TaskProgressEvents[Name]) => void };

/** `@task-done="…"` of Vue, which it calls `onTaskDone`. */
type Listeners = {
  [Name in keyof TaskProgressEvents as Name extends `task-${infer What}` ? `onTask${Capitalize<What>}` : never]?: (
    event: TaskProgressEvents[Name],
  ) => void;
};

// @ts-ignore no React
type ReactAttributes = import("react").DetailedHTMLProps<import("react").HTMLAttributes<TaskProgress>, TaskProgress>;
// @ts-ignore no Svelte
type SvelteAttributes = import("svelte/elements").HTMLAttributes<TaskProgress>;
// @ts-ignore no Vue
type VueAttributes = import("vue").HTMLAttributes & import("vue").ReservedProps;

interface InReact extends ReactAttributes, TaskProgressAttributes, Handlers {}
interface InSvelte extends SvelteAttributes, TaskProgressAttributes, Handlers, Directives {}
interface InVue extends VueAttributes, TaskProgressAttributes, Listeners {}

declare global {
  interface HTMLElementTagNameMap {
    "task-progress": TaskProgress;
  }
  interface GlobalEventHandlersEventMap extends TaskProgressEvents {}
  namespace JSX {
    interface IntrinsicElements {
      "task-progress": InReact;
    }
  }
  namespace svelteHTML {
    interface IntrinsicElements {
      "task-progress": InSvelte;
    }
  }
}

// @ts-ignore no React
declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "task-progress": InReact;
    }
  }
}

// @ts-ignore no Vue
declare module "vue" {
  interface GlobalComponents {
    "task-progress": new () => { $props: InVue };
  }
}
