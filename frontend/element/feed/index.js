/** `<task-feed>`, as a gateway serves it. */
import "../../client/served.js";

export * from "./main.js";
