-- Tell the task's feeds, each for itself.

local function tell_feed(name, base, found)
  local feed, before = feed_of(name, base, found[2], found[3], found[4]), found[1]
  local known, row = before, state
  if feed.ends then
    local permille, weight
    known, permille, weight = read_row(feed, before)
    row = row_now(permille, weight)
    if row == before then
      redis.call('PUBLISH', feed.base .. ':live',
        '- ' .. feed.epoch .. ' {"feed":' .. cjson.encode(feed.name) .. ',"type":"task","event":' .. event .. '}')
      return
    elseif known == state then
      move(feed, before, row, task_id, event)
      return
    end
  end
  local born = begin_feed(feed)
  if not before then
    make_room(feed, prefix)
  end
  if feed.ends then
    tend(feed, born, task_id, prefix)
  end
  local anew = record_task(feed, task_id, before, row, event)
  if not before or feed.done[state] then
    outlive(feed.base, ttl or redis.call('TTL', KEYS[2]), born, anew)
  end
end

for _, feed in ipairs(feeds) do
  try('tell the feed', tell_feed, unpack(feed))
end

return answer('appended')
