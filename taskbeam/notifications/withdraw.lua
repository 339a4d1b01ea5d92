-- A target is not to be told of one task's end.
--
-- KEYS  1 the task's head, 2 due, 3 tries; these two are absent on a cluster, where they have another slot
-- ARGV  1 target, 2 the task's id
--
-- Returns { 1 where it was to be told, the message }; no message where there is no such task.

local head = redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'notify')
if not head[1] then
  return { 0, '' }
end
local targets, known = {}, 0
for target in (head[3] or ''):gmatch('%S+') do
  if target == ARGV[1] then
    known = 1
  else
    targets[#targets + 1] = target
  end
end
local message = 'to ' .. ARGV[1] .. ' ' .. head[1] .. '-' .. head[2] .. ' ' .. ARGV[2]
if known == 1 then
  if #targets > 0 then
    redis.call('HSET', KEYS[1], 'notify', table.concat(targets, ' '))
  else
    redis.call('HDEL', KEYS[1], 'notify')
  end
  if KEYS[2] then
    redis.call('ZREM', KEYS[2], message)
    redis.call('HDEL', KEYS[3], message)
  end
end
return { known, message }
