import assert from "node:assert/strict";
import { test } from "node:test";

import { feedTopic, members, taskTopic, topicOf } from "../../frontend/client/topic.js";

const NAMES = ["0b87", "owner:ada", "feeds/owner:ada", "a b/ç?#%", "tag:"];

for (const name of NAMES) {
  test(`a task and a feed called ${name} are two topics, whose messages name them`, () => {
    assert.notEqual(taskTopic(name), feedTopic(name));
    assert.deepEqual(members(taskTopic(name)), { task_id: name });
    assert.deepEqual(members(feedTopic(name)), { feed: name });
    for (const topic of [taskTopic(name), feedTopic(name)]) assert.equal(topicOf(/** @type {any} */ (members(topic))), topic);
    assert.match(taskTopic(name), /^tasks\/[^/?#]*$/);
  });
}

test("a feed's event is the feed's, also where it tells of a task", () => {
  assert.equal(topicOf({ feed: "owner:ada", task_id: "0b87" }), feedTopic("owner:ada"));
});
