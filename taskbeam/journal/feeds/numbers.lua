-- What a feed has counted, unpacked and packed.

-- A feed by the `numbers`, the `canvas` and the `life` of its head; one that does not exist has no epoch. `done` counts by the
-- final states. A group or a tree has a progress, and ends.
local function feed_of(name, base, numbers, canvas, written)
  local kind = name:match('^%a+')
  local done = { SUCCESS = 0, FAILURE = 0, REVOKED = 0, IGNORED = 0, REJECTED = 0, LOST = 0 }
  local feed = {
    name = name, base = base, life = written, head = base .. ':head',
    group = kind == 'group', tree = kind == 'tree', ends = kind == 'group' or kind == 'tree',
    seq = 0, came = 0, bytes = 0, waiting = 0, running = 0, done = done, total = 0 }
  if numbers then
    feed.epoch, feed.seq, feed.came, feed.bytes, feed.waiting, feed.running, done.SUCCESS, done.FAILURE,
      done.REVOKED, done.IGNORED, done.REJECTED, done.LOST = struct.unpack(NUMBERS, numbers)
    feed.total = feed.waiting + feed.running + done.SUCCESS + done.FAILURE + done.REVOKED + done.IGNORED
      + done.REJECTED + done.LOST
  end
  if feed.ends then
    feed.weight, feed.parts, feed.size, feed.added, feed.held, feed.sealed, feed.over = 0, 0, 0, 0, 0, 0, 0
    if canvas then
      feed.weight, feed.parts, feed.size, feed.added, feed.held, feed.sealed, feed.over = struct.unpack(CANVAS, canvas)
    end
  end
  return feed
end

-- Keep what was counted; more fields of the head may come with it.
local function keep_feed(feed, ...)
  local done = feed.done
  local numbers = struct.pack(NUMBERS, feed.epoch, feed.seq, feed.came, feed.bytes, feed.waiting, feed.running,
    done.SUCCESS, done.FAILURE, done.REVOKED, done.IGNORED, done.REJECTED, done.LOST)
    .. (feed.total > COMPACT_ROWS and LONGER or '')
  if not feed.ends then
    redis.call('HSET', feed.head, 'numbers', numbers, ...)
    return
  end
  local canvas = struct.pack(
    CANVAS, feed.weight, feed.parts, feed.size, feed.added, feed.held, feed.sealed, feed.over)
  redis.call('HSET', feed.head, 'numbers', numbers, 'canvas', canvas, ...)
end
