-- For how long a feed lives.

-- The feed lives for as long as the task that lives longest, and an eighth more: then most tasks leave it as it is. It
-- lives for a while even where results do not: a task that has not ended is in it, however silent it is.
local function outlive(base, life, born, anew)
  life = life > 0 and math.max(life, FEED_LIFE) or 0
  local left = redis.call('TTL', base .. ':head')
  if not born and (left < 0 or (left >= life and life > 0 and not anew)) then
    return
  end
  for _, part in ipairs({ ':head', ':log', ':order', ':ended' }) do
    if life > 0 then
      redis.call('EXPIRE', base .. part, math.max(math.ceil(life * 1.125), left))
    else
      redis.call('PERSIST', base .. part)
    end
  end
end
