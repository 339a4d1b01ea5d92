-- Say how large a group is, as its sender knows it, or that the first sender of a tree has sent all.
--
-- KEYS  1 head     of the feed of either, and its other keys
-- ARGV  1 name     of the feed
--       2 size     of a group, its members; '' = as many as before
--       3 added    id of a task that a member has added to the group; '' = none
--       4 begins   1 = a group begins with it; else it is of no matter where the group has no member yet
--       5 life     seconds that a result lives; 0 = for ever

local feed = feed_of(ARGV[1], KEYS[1]:sub(1, -6), unpack(redis.call('HMGET', KEYS[1], 'numbers', 'canvas', 'life')))
if feed.tree then
  seal_tree(feed)
elseif feed.epoch or ARGV[4] == '1' then
  -- It may be told again: a task is added once.
  local added = ARGV[3] ~= '' and redis.call('HSET', KEYS[1], '+' .. ARGV[3], '') or 0
  note_size(feed, tonumber(ARGV[2]), added, true, tonumber(ARGV[5]))
end
