-- Places in queues, and how long tasks run; the first part of append.lua.
--
-- A task that is sent takes a ticket of its queue. `started` is the highest ticket whose run has begun. A
-- broker delivers in order, so whatever comes before it has gone: begun, purged, or lost. Nothing has to be
-- counted down, so nothing drifts. Only tickets behind it that were withdrawn (cancelled, expired) are kept.

-- Seconds for which a queue or a task's name is remembered without being used.
local MEMORY = 7 * 24 * 3600

-- The weight of a new run time, once there are enough for it.
local RECENT = 0.1

local function take_ticket(queue)
  local tickets = queue .. ':tickets'
  local number = redis.call('HINCRBY', tickets, 'sent', 1)
  redis.call('EXPIRE', tickets, MEMORY)
  return string.format('%d %s', number, queue)
end

-- The task left its queue: a run of it began, or it ended before any did.
local function leave_queue(ticket, begun)
  local number, queue = ticket:match('^(%d+) (.+)$')
  local tickets, withdrawn = queue .. ':tickets', queue .. ':withdrawn'
  if tonumber(number) <= tonumber(redis.call('HGET', tickets, 'started') or 0) then
    return
  elseif begun then
    redis.call('HSET', tickets, 'started', number)
    redis.call('EXPIRE', tickets, MEMORY)
    redis.call('ZREMRANGEBYSCORE', withdrawn, '-inf', number)
  else
    redis.call('ZADD', withdrawn, number, number)
    redis.call('EXPIRE', withdrawn, MEMORY)
  end
end

-- Exponentially weighted mean and mean deviation; plain ones while there are few.
local function learn(key, seconds)
  local known = redis.call('HMGET', key, 'runs', 'mean', 'spread')
  local runs, mean, spread = tonumber(known[1] or 0) + 1, tonumber(known[2] or seconds), tonumber(known[3] or 0)
  local weight = math.max(1 / runs, RECENT)
  redis.call('HSET', key, 'runs', runs,
    'mean', mean + weight * (seconds - mean),
    'spread', spread + weight * (math.abs(seconds - mean) - spread))
  redis.call('EXPIRE', key, MEMORY)
end

