-- How a feed begins.

-- A feed that does not exist begins, and one that was over goes on: in a new epoch, so that nothing ever follows a
-- final record. What is counted stays. Returns whether it did not exist.
local function begin_feed(feed)
  local born = not feed.epoch
  if born or feed.over == 1 then
    feed.epoch, feed.seq, feed.bytes, feed.life = epoch_after(feed.epoch), 0, 0, nil
    redis.call('DEL', feed.base .. ':log')
    if born then
      -- Redis may have evicted the head alone.
      redis.call('DEL', feed.base .. ':order', feed.base .. ':ended')
    end
    redis.call('HSET', feed.head, 'epoch', feed.epoch)
  end
  return born
end
