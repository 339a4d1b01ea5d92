/** The client, as a gateway serves it. */
import "./served.js";

export * from "./main.js";
