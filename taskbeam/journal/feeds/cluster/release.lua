-- The errbacks of a task that has failed are sent: its tree no longer waits for them.
--
-- KEYS  1 head     of the tree's feed, and its other keys
-- ARGV  1 name     of the feed
--       2 task     its id

local field = ':' .. ARGV[2]
local found = redis.call('HMGET', KEYS[1], field, 'numbers', 'canvas', 'life')
local row, feed = found[1], feed_of(ARGV[1], KEYS[1]:sub(1, -6), found[2], found[3], found[4])
if held_by(feed, row) == 0 then
  return
end
row = row:gsub('!', '', 1)
feed.held = feed.held - 1
redis.call('HSET', KEYS[1], field, row)
if is_over(feed) then
  record_rollup(feed)
else
  keep_feed(feed)
end
