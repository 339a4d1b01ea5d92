-- Say how large a group is, as its sender knows it, or that the first sender of a tree has sent all.
--
-- KEYS  1 head     of the feed of either, and its other keys
-- ARGV  1 name     of the feed
--       2 size     of a group, its members; '' = as many as before
--       3 added    id of a task that a member has added to the group; '' = none
--       4 begins   1 = a group begins with it; else its first member does, where it has none yet
--       5 life     seconds that a result lives; 0 = for ever

local feed = feed_of(ARGV[1], KEYS[1]:sub(1, -6), unpack(redis.call('HMGET', KEYS[1], 'numbers', 'canvas', 'life')))
if feed.tree then
  seal_tree(feed)
  return
end
local size, lives = tonumber(ARGV[2]), tonumber(ARGV[5])
-- It may be told again: a task is added once.
local added = ARGV[3] ~= '' and redis.call('HSET', KEYS[1], '+' .. ARGV[3], '') or 0
if feed.epoch or ARGV[4] == '1' then
  note_size(feed, size, added, true, lives)
else
  -- The births of its members were lost, or it has none: the canvas alone is no feed, but whoever begins one takes it.
  redis.call('HSET', KEYS[1], 'canvas',
    struct.pack(CANVAS, 0, 0, size and size + 1 or feed.size, feed.added + added, 0, 0, 0))
  redis.call('EXPIRE', KEYS[1], math.max(lives, FEED_LIFE))
end
