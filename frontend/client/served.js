/**
 * A gateway serves this module below its own address: as `client/served.js`, or bundled as one of its `chunks/`. So the
 * gateway is one level up. The npm package goes without: what a bundler makes is served by somebody else.
 */
import { setHome } from "./base.js";

setHome(new URL("../", import.meta.url));
