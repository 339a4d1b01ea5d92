-- The end of a task of a cluster is due to be told, where somebody asked for that: its journal, in another slot, says
-- whether for this task, and whose it is. It comes last: what fails here costs nothing else.

local function mark(member, asked, owner)
  if not member then
    return
  elseif asked ~= '1' then
    local all = redis.call('HMGET', NOTIFY_ASKED, '*', owner ~= '' and 'owner:' .. owner or '*')
    if not (all[1] or all[2]) then
      return
    end
  end
  if redis.call('ZCARD', NOTIFY_DUE) >= NOTIFY_MOST then
    error('nobody tells what is due, and ' .. NOTIFY_MOST .. ' ends wait')
  end
  local time = redis.call('TIME')
  redis.call('ZADD', NOTIFY_DUE, 'NX', time[1] * 1000 + math.floor(time[2] / 1000) + NOTIFY_GRACE, member)
end
