/** What nobody needs at first, and comes when the page is there: the bell, who is told of jobs, a picture to try. */
export { forget } from "../notify/index.js";
export { samplePicture } from "./sample.js";
export { toldPlace } from "./told.js";
