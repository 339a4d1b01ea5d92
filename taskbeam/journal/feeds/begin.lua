-- How a feed begins.

-- A feed that does not exist begins, and one that was over goes on: in a new epoch, so that nothing ever follows a
-- final record. What is counted stays. Returns whether it did not exist.
local function begin_feed(feed)
  local born = not feed.epoch
  if born or feed.over == 1 then
    local now = redis.call('TIME')
    local epoch = math.max(now[1] * 1000 + math.floor(now[2] / 1000), (tonumber(feed.epoch) or 0) + 1)
    feed.epoch, feed.seq, feed.bytes = string.format('%.0f', epoch), 0, 0
    redis.call('DEL', feed.base .. ':log')
    if born then
      -- Redis may have evicted the head alone.
      redis.call('DEL', feed.base .. ':order', feed.base .. ':ended')
    end
    redis.call('HSET', feed.head, 'epoch', feed.epoch)
  end
  return born
end
