import { aside } from "../client/job.js";

/**
 * What a task's newest event says about the time ahead. Pure.
 *
 * @typedef {object} Outlook times are in milliseconds, as `Date.now()` has them
 * @property {number} [starts] when it will probably start
 * @property {number} [ends] when it will probably end
 * @property {number} [again] when it is tried again
 * @property {number} [earliest] it does not start before
 * @property {number} [ahead] tasks before it in the queue
 * @property {string} [waiting] what it waits for, beside its turn
 * @property {boolean} [cancelling] it was asked to stop
 * @property {string} [refusal] why it does not
 */

/**
 * Times are told by the writer's clock, which may differ from ours: one that is ahead makes nothing longer.
 *
 * @param {Outlook} before
 * @param {any} event one event of the contract
 * @param {number} now
 * @returns {Outlook} the outlook after one more event
 */
export function foresee(before, event, now) {
  if (event.type === "gap") return foresee({}, event.snapshot, now);
  if (aside(event)) return before;
  const { ts, estimate, ahead, waiting, eta, retry, cancel } = event;
  /** @param {number} [seconds] after the event was told */
  const later = (seconds) => (seconds === undefined ? seconds : Math.min(now, ts * 1000) + seconds * 1000);
  return {
    starts: later(estimate?.start),
    ends: later(estimate?.end),
    again: retry && Math.min(retry.at * 1000, now + retry.delay * 1000),
    earliest: Date.parse(eta),
    ahead,
    waiting,
    cancelling: !!(cancel || before.cancelling) && !retry,
  };
}
