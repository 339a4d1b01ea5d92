/** An `EventTarget` whose events have types. */

/**
 * @template Events by their names
 * @typedef {{
 *   <K extends keyof Events>(type: K, listener: (event: Events[K]) => void, options?: boolean | AddEventListenerOptions): void;
 *   (type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
 * }} Listen
 */

/**
 * @template Events
 * @typedef {{addEventListener: Listen<Events>, removeEventListener: Listen<Events>} & EventTarget} TypedTarget
 */

export const Target = /** @type {new <Events>() => TypedTarget<Events>} */ (EventTarget);
