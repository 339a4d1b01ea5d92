-- A target is not to be told of one task's end.
--
-- KEYS  1 the task's head, 2 due, 3 tries
-- ARGV  1 target, 2 the task's id
--
-- Returns 1 where it was to be told.

local head = redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'notify')
local targets, known = {}, 0
for target in (head[3] or ''):gmatch('%S+') do
  if target == ARGV[1] then
    known = 1
  else
    targets[#targets + 1] = target
  end
end
if known == 1 then
  if #targets > 0 then
    redis.call('HSET', KEYS[1], 'notify', table.concat(targets, ' '))
  else
    redis.call('HDEL', KEYS[1], 'notify')
  end
  local message = 'to ' .. ARGV[1] .. ' ' .. head[1] .. '-' .. head[2] .. ' ' .. ARGV[2]
  redis.call('ZREM', KEYS[2], message)
  redis.call('HDEL', KEYS[3], message)
end
return known
