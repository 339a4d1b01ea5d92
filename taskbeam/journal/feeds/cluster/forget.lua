-- Drop tasks whose journals are gone from a feed of a cluster that does not end.
--
-- KEYS  1 head of the feed, and its other keys
-- ARGV  1 name of the feed, and of each task its id and the row that was found: one that has changed since stays

local base = KEYS[1]:sub(1, -6)
local feed = feed_of(ARGV[1], base, unpack(redis.call('HMGET', KEYS[1], 'numbers', 'canvas')))
local total = feed.total
for index = 2, #ARGV, 2 do
  local id, row = ARGV[index], ARGV[index + 1]
  if not feed.ends and redis.call('HGET', KEYS[1], ':' .. id) == row then
    count(feed, row, -1)
    redis.call('HDEL', KEYS[1], ':' .. id)
    redis.call('ZREM', base .. ':order', id)
    redis.call('ZREM', base .. ':expires', id)
  end
end
if feed.total ~= total then
  keep_feed(feed)
end
