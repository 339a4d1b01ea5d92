import { feedWords } from "../element/feed/index.js";
import { make } from "../look/dom.js";

Object.assign(feedWords.titles, {
  "reports.generate": "Report",
  "reports.batch": "Batch of reports",
  "reports.year": "Report of the year",
  "reports.export": "Export of the tills",
  "images.resize": "Picture",
  "texts.write": "Text",
  "emails.send": "E-mail",
});

/** Tasks that a list has at the most; it says how many there are. */
const MOST = 12;

/**
 * The tasks of a feed, each of which leads to its details on this page.
 *
 * @param {string} feed
 * @param {string} label
 */
export function feedOf(feed, label) {
  const list = make("task-feed", { feed, label, limit: MOST });
  list.titleOf = ({ name, result }) => (name === "reports.generate" && result ? `Report for user ${result.user_id}` : null);
  list.linkOf = ({ taskId }) => `#${encodeURIComponent(taskId)}`;
  return list;
}

/** Offers to tell of all jobs of whoever has signed in: a click on what is told leads to the job. */
export function bellOfAll() {
  const bell = document.createElement("task-bell");
  bell.slot = "actions";
  bell.setAttribute("page", "#{task_id}");
  return bell;
}
