/** `notify()` and `<task-bell>`, as a gateway serves them. */
import "../client/served.js";

export * from "./main.js";
