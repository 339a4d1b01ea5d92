-- What a task's end, or its run, changes for those who wait: made only where PLACES are needed.

local leave_queue, learn

if PLACES then
  -- Seconds for which a queue or a task's name is remembered without being used.
  local MEMORY = 7 * 24 * 3600

  -- The task with a ticket left its queue: a run of it begins, or it ended before any did.
  function leave_queue(tickets, withdrawn, number, run_begins)
    local counted = redis.call('HMGET', tickets, 'started', 'sent')
    if tonumber(number) <= tonumber(counted[1] or 0) then
      return
    elseif run_begins then
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
  end

  -- Exponentially weighted mean and mean deviation; plain ones while there are few.
  function learn(key, seconds)
    -- The weight of a new run time, once there are enough for it.
    local RECENT = 0.1
    local known = redis.call('HMGET', key, 'runs', 'mean', 'spread')
    local count, mean, spread = tonumber(known[1] or 0) + 1, tonumber(known[2] or seconds), tonumber(known[3] or 0)
    local weight = math.max(1 / count, RECENT)
    redis.call('HSET', key, 'runs', count,
      'mean', mean + weight * (seconds - mean),
      'spread', spread + weight * (math.abs(seconds - mean) - spread))
    redis.call('EXPIRE', key, MEMORY)
  end
end
