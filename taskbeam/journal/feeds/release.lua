-- The errbacks of a task that has failed are sent: its tree no longer waits for them.
--
-- KEYS  1 head of the tree's feed
-- ARGV  1 tree     2 prefix, before a task's id in the key of its result

local feed = read_feed('tree:' .. ARGV[1], ARGV[2])
if feed.epoch and feed.held > 0 then
  feed.held = feed.held - 1
  if is_over(feed) then
    record_rollup(feed)
  else
    keep_feed(feed)
  end
end
