/**
 * A gateway serves this module below its own address, so the gateway is one level up. In a bundle it is a part of another
 * file, and `tools/home.js` says how far up. The npm package goes without: what a bundler makes is served by somebody else.
 */
import { setHome } from "./base.js";

setHome(new URL("../", import.meta.url));
