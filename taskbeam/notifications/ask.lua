-- A target is to be told of one task's end. If that is over already, it is due at once.
--
-- KEYS  1 the task's head, 2 due; absent on a cluster, where it has another slot
-- ARGV  1 target, 2 the task's id, 3 how many targets a task may have, 4 '1' = it is due already
--
-- Returns { 'asked' }, { 'unknown' } (there is no such task) or { 'full' }; { 'due', message } where that is to be due
-- first, and nothing was done.

local head = redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'final', 'notify')
if not head[1] then
  return { 'unknown' }
end
local targets, known = {}, false
for target in (head[4] or ''):gmatch('%S+') do
  targets[#targets + 1] = target
  known = known or target == ARGV[1]
end
if not known then
  if #targets >= tonumber(ARGV[3]) then
    return { 'full' }
  end
  local message = 'to ' .. ARGV[1] .. ' ' .. head[1] .. '-' .. head[2] .. ' ' .. ARGV[2]
  if head[3] == '1' and not KEYS[2] and ARGV[4] ~= '1' then
    return { 'due', message }
  end
  targets[#targets + 1] = ARGV[1]
  redis.call('HSET', KEYS[1], 'notify', table.concat(targets, ' '))
  if head[3] == '1' and KEYS[2] then
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    redis.call('ZADD', KEYS[2], 'NX', now, message)
  end
end
return { 'asked' }
