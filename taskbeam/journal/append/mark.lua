-- The end of the task is due to be told, where somebody asked for that: about this task, all of its owner's, or all.
-- What is due stands for some seconds before it is sent: a tab that is open tells its user first.

if entry.final and entry.publish == 'PUBLISH' then
  local whose = head[19]
  if reborn or entry.birth then
    whose = labels.owner
  end
  local asked = head[24]
  if not asked then
    local all = optionally('look who is to be told', 'HMGET', NOTIFY_ASKED, '*',
      whose and 'owner:' .. whose or '*')
    asked = all and (all[1] or all[2])
  end
  if asked then
    try('note that the end is to be told', function()
      if redis.call('ZCARD', NOTIFY_DUE) >= NOTIFY_MOST then
        error('nobody tells what is due, and ' .. NOTIFY_MOST .. ' ends wait')
      end
      local time = redis.call('TIME')
      local due = time[1] * 1000 + math.floor(time[2] / 1000) + NOTIFY_GRACE
      local task_id = ARGV[2]:match('^"task_id":"([^"\\]*)"') or cjson.decode('{' .. ARGV[2]:sub(1, -2) .. '}').task_id
      redis.call('ZADD', NOTIFY_DUE, 'NX', due, 'end ' .. id .. ' ' .. task_id)
    end)
  end
end
