/** How events, times and sizes are written for people. */

/** @returns {string} one event in a few words, without its state */
export function told(event) {
  if (event.type === "gap") return `Some events are no longer kept (${event.gap?.reason ?? "gap"})`;
  if (event.type === "log") return String(event.data);
  if (event.error) return `${event.error.message} ${reference(event.error)}`;
  if (event.progress) return progress(event.progress);
  if (event.data !== undefined) return JSON.stringify(event.data);
  return STATES[event.state]?.(event) ?? "";
}

/** `{current: 3, total: 5, percent: 60, message: "Drew the charts"}` → `Drew the charts · 60%` */
function progress({ current, total, percent, message }) {
  const reached = percent === undefined ? `${current}` : percentage(percent);
  return message ? `${message} · ${reached}` : total === undefined ? reached : `${current} of ${total}`;
}

const STATES = {
  PENDING: () => "Waiting for a worker",
  STARTED: ({ attempt }) => (attempt > 1 ? `A worker began attempt ${attempt}` : "A worker began"),
  SUCCESS: () => "Finished",
  STALLED: () => "The worker has gone quiet",
};

/** `{code: "task_failed", ref: "b486cb31"}` → `(task_failed, ref b486cb31)` */
export function reference({ code, ref }) {
  return `(${[code, ref && `ref ${ref}`].filter(Boolean).join(", ")})`;
}

/** `66.6` → `66%`: nothing is called whole before it is; null → nothing */
export function percentage(value) {
  return value === null ? "" : `${Math.floor(value)}%`;
}

/** Seconds → `0 ms`, `113 ms`, `1.24 s`, `2:05 min` */
export function duration(seconds) {
  if (seconds < 1) return `${Math.max(0, Math.round(seconds * 1000))} ms`;
  if (seconds < 60) return `${seconds.toFixed(2)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")} min`;
}

/** `1, "event"` → `1 event`; `2, "event"` → `2 events` */
export function counted(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

/** Bytes → `9.4 kB` */
export function size(bytes) {
  if (bytes < 1e3) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
