-- The newest event with a task's state.
--
-- KEYS  1 head, 2 log of the task
--
-- Returns { record, id of the newest transition, 1 = its errbacks are still to be sent }; nil where the journal is gone.

local head = redis.call('HMGET', KEYS[1], 'seq', 'snapshot', 'picture', 'turned', 'holds')
if not head[1] then
  return nil
end
local first = tonumber(head[1]) - redis.call('LLEN', KEYS[2]) + 1
return { head[3] or redis.call('LINDEX', KEYS[2], tonumber(head[2]) - first) or '', head[4] or '', head[5] or '' }
