-- Find the tree that a task belongs to. One that is alone has had no feed of it until now.
--
-- KEYS  1 head of the task
-- ARGV  1 id of the task     2 prefix, before a task's id in the key of its result
--
-- Returns the name of the tree's feed; nil where the task has no journal.

local head = redis.call('HMGET', KEYS[1], 'epoch', 'tree')
if not head[1] or head[2] then
  return head[2] and 'tree:' .. head[2]
end
local feed = read_feed('tree:' .. ARGV[1], ARGV[2])
if feed.epoch then
  redis.call('HSET', KEYS[1], 'tree', ARGV[1])
else
  begin_feed(feed)
  plant(feed, ARGV[1], ARGV[2])
  outlive(feed.base, math.max(redis.call('TTL', KEYS[1]), 0), true, true)
end
return feed.name
