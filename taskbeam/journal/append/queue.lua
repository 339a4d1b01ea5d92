-- Places in queues, and how long tasks run. All of it is optional.
--
-- A task that is sent takes a ticket of its queue. `started` is the highest ticket whose run has begun. A
-- broker delivers in order, so whatever comes before it has gone: begun, purged, or lost. Nothing has to be
-- counted down, so nothing drifts. Only tickets behind it that were withdrawn (cancelled, expired) are kept.

-- Seconds for which a queue or a task's name is remembered without being used.
local MEMORY = 7 * 24 * 3600

if entry.queue then
  try('take a place in the queue', function()
    local tickets = entry.queue .. ':tickets'
    local number = redis.call('HINCRBY', tickets, 'sent', 1)
    redis.call('EXPIRE', tickets, MEMORY)
    redis.call('HSET', KEYS[2], 'ticket', string.format('%d %s', number, entry.queue))
  end)
end

-- The task left its queue: a run of it began, or it ended before any did.
local leaves = queued and (begins or entry.final)

-- `number queue`; false = the task has none.
local ticket = (leaves or entry.ran) and optionally('read the place in the queue', 'HGET', KEYS[2], 'ticket')

if ticket and leaves then
  try('leave the queue', function()
    local number, queue = ticket:match('^(%d+) (.+)$')
    local tickets, withdrawn = queue .. ':tickets', queue .. ':withdrawn'
    local counted = redis.call('HMGET', tickets, 'started', 'sent')
    if tonumber(number) <= tonumber(counted[1] or 0) then
      return
    elseif begins then
      redis.call('HSET', tickets, 'started', number)
      if tonumber(number) > tonumber(counted[2] or 0) then
        -- The queue was not used for so long that it was forgotten, and counts on from here.
        redis.call('HSET', tickets, 'sent', number)
      end
      redis.call('EXPIRE', tickets, MEMORY)
      redis.call('ZREMRANGEBYSCORE', withdrawn, '-inf', number)
    else
      redis.call('ZADD', withdrawn, number, number)
      redis.call('EXPIRE', withdrawn, MEMORY)
    end
  end)
end

if entry.ran then
  -- The weight of a new run time, once there are enough for it.
  local RECENT = 0.1

  -- Exponentially weighted mean and mean deviation; plain ones while there are few.
  local function learn(key)
    local known, seconds = redis.call('HMGET', key, 'runs', 'mean', 'spread'), entry.ran
    local count, mean, spread = tonumber(known[1] or 0) + 1, tonumber(known[2] or seconds), tonumber(known[3] or 0)
    local weight = math.max(1 / count, RECENT)
    redis.call('HSET', key, 'runs', count,
      'mean', mean + weight * (seconds - mean),
      'spread', spread + weight * (math.abs(seconds - mean) - spread))
    redis.call('EXPIRE', key, MEMORY)
  end

  if ticket then
    try('learn the run times of the queue', learn, ticket:match(' (.+)$') .. ':tickets')
  end
  try('learn the run times of the task', learn, entry.times)
end
