-- What a task has to tell its feeds since an event: each transition that the log still has, in order.
--
-- KEYS  1 head, 2 log of the task
-- ARGV  1 after   the id of the event; '' = from the beginning
--
-- Returns { weight, life, holds, state, record, … }; nil where the task has no journal. Where the log has none of them
-- any more, the newest picture stands for all. holds = 1: it has failed, and its errbacks are still to be sent.

local head = redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'state', 'weight', 'snapshot', 'picture', 'turned', 'holds')
if not head[1] then
  return nil
end
local after, answer = ARGV[1], { head[4] or '', redis.call('TTL', KEYS[1]), head[8] or '' }
local last

local function owe(record, state)
  local id = record:match('^%S+')
  if after == '' or is_newer(id, after) then
    answer[#answer + 1] = state
    answer[#answer + 1] = record
  end
end

local length = redis.call('LLEN', KEYS[2])
for start = 0, length - 1, 32 do
  for _, record in ipairs(redis.call('LRANGE', KEYS[2], start, start + 31)) do
    local state = record:match('"state":(".-[^\\]")')
    if state and state ~= last then
      owe(record, cjson.decode('[' .. state .. ']')[1])
      last = state
    end
  end
end
if #answer == 3 and (after == '' or (head[7] and is_newer(head[7], after))) then
  local first = tonumber(head[2]) - length + 1
  local picture = head[6] or redis.call('LINDEX', KEYS[2], tonumber(head[5]) - first)
  if picture then
    owe(picture, head[3])
  end
end
return answer
