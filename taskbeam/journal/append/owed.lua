-- What the event owes to the task's feeds. The head keeps the id of the newest transition, which is a state that
-- differs from the one before: a feed that lacks it is behind. It also keeps whether the errbacks of a failure are still
-- to be sent, for whoever tells of the failure later.

if reborn or entry.birth then
  fed = { labels.owner or '', labels.tags or '', labels.group or '', labels.tree or '' }
end
if entry.holds then
  optionally('keep that errbacks are to be sent', 'HSET', KEYS[2], 'holds', '1')
end
if is_fed() and not text then
  try('find what is owed to the feeds', function()
    local before = redis.call('HGET', KEYS[2], 'turned') or ''
    if reborn or head[3] ~= state then
      redis.call('HSET', KEYS[2], 'turned', id)
    end
    local permille = entry.permille or ''
    if entry.final then
      permille = 1000
    elseif permille == '' and (begins or state == 'PENDING' or state == 'RETRY') then
      permille = 0
    end
    local left = ttl or redis.call('TTL', KEYS[2])
    fed[5], fed[6], fed[7], fed[8] = record, before, state, tostring(permille)
    fed[9], fed[10], fed[11] = labels.weight or '', entry.holds and '1' or '', left
  end)
end

return answer('appended')
