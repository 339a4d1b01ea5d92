-- When the journals of a feed's tasks are gone, which are at other servers: as a sorted set of those that have ended,
-- scored with the time (s). A feed that ends goes on counting them.

local function expires_at(feed, id, lives)
  if not feed.ends and lives > 0 then
    local expires = feed.base .. ':expires'
    redis.call('ZADD', expires, redis.call('TIME')[1] + lives, id)
    -- Another task may live longer.
    redis.call('EXPIRE', expires, math.max(lives + FEED_LIFE, redis.call('TTL', expires)))
  end
end

-- Some of those that are gone. Each is told of once.
local function expired(feed)
  local ids = redis.call(
    'ZRANGEBYSCORE', feed.base .. ':expires', '-inf', redis.call('TIME')[1], 'LIMIT', 0, 2 * LOOK_EVERY)
  if #ids > 0 then
    redis.call('ZREM', feed.base .. ':expires', unpack(ids))
  end
  return ids
end
