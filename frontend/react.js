/** The hook, as a gateway serves it. */
import "./client/served.js";

export * from "./react/main.js";
