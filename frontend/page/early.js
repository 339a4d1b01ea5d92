/** The job that the address names is about to be followed: its connection is made while the rest of the page is on its way. */
import "../client/served.js";
import { baseOf } from "../client/base.js";
import { reserve } from "../client/reserve.js";

if (location.hash.length > 1) void reserve(baseOf());
