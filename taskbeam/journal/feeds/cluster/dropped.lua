-- How far a feed of a cluster was told of tasks that it has no row for any more: each may go on, and what was told is
-- not to be told again. As a hash, from the task's id to that of the event. Where there are too many, any one goes.

local function dropped_at(feed, id)
  return redis.call('HGET', feed.base .. ':dropped', id)
end

local function forget_dropped(feed, id)
  redis.call('HDEL', feed.base .. ':dropped', id)
end

local function remember_dropped(feed, id, row)
  local dropped = feed.base .. ':dropped'
  redis.call('HSET', dropped, id, (row:match('^%S+')))
  redis.call('EXPIRE', dropped, FEED_LIFE)
  if redis.call('HLEN', dropped) > DROPPED_TASKS then
    redis.call('HDEL', dropped, redis.call('HRANDFIELD', dropped))
  end
end
