-- Where the open tasks of a feed stand, for whoever begins to hear it: what they told since their last transition has
-- no number, so nobody could catch up on it.

-- The newest event with a task's state; nil where it is the transition, which the feed's log has.
local function beside_the_log(id, prefix)
  local names = '{' .. prefix .. id .. '}'
  local head = redis.call('HMGET', names .. ':head', 'seq', 'snapshot', 'picture')
  local snapshot = tonumber(head[2])
  if not head[1] or snapshot == 1 then -- a task that waits has most often told nothing since it was sent
    return nil
  elseif head[3] then
    return head[3]
  end
  local place = snapshot - (tonumber(head[1]) - redis.call('LLEN', names .. ':log') + 1)
  local records = redis.call('LRANGE', names .. ':log', math.max(place - 1, 0), place)
  local before, event = place > 0 and records[1], records[#records]
  local transition = before and before:match('"state":"[^"]*"') ~= event:match('"state":"[^"]*"')
  return not transition and event or nil
end

-- Returns bodies as they are published, the oldest task first, of the newest tasks. Of a group or a tree the last one
-- has the roll-up, too: nothing else than these tasks has moved it since the newest record.
local function standing(name, prefix)
  local feed, found, looked = read_feed(name, prefix), {}, 0
  local open, order, rows = feed.waiting + feed.running, feed.base .. ':order', feed.base .. ':head'
  local room = STANDING_BYTES
  while open > 0 and looked < FEED_TASKS do
    local ids, fields = redis.call('ZREVRANGEBYSCORE', order, '+inf', '-inf', 'LIMIT', looked, 50), {}
    if #ids == 0 then
      break
    end
    for place, id in ipairs(ids) do
      fields[place] = ':' .. id
    end
    for place, row in ipairs(redis.call('HMGET', rows, unpack(fields))) do
      local known = read_row(feed, row)
      if known and not feed.done[known] then
        local event = beside_the_log(ids[place], prefix)
        room, open = room - (event and #event or 0), open - 1
        if room < 0 and #found > 0 then
          open = 0
        elseif event then
          found[#found + 1] = event:sub((event:find('{', 1, true)))
          open = #found < STANDING_TASKS and open or 0
        end
      end
      if open == 0 then
        break
      end
    end
    looked = looked + #ids
  end

  local told, begin = {}, '{"feed":' .. cjson.encode(feed.name) .. ',"type":"task","event":'
  for place = #found, 1, -1 do
    local more = place == 1 and feed.ends and ',"rollup":' .. rollup(feed) or ''
    told[#told + 1] = begin .. found[place] .. more .. '}'
  end
  return told
end
