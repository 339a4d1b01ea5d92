-- Records of a group or a tree that are no transition of the task which is told.

local record_rollup, plant

if CANVASES then
  -- That only the roll-up has changed.
  function record_rollup(feed)
    number_record(feed, ',"type":"rollup"', '')
  end

  -- A tree whose first task was alone until now has that task, too. From here on its head says so.
  function plant(feed, root, prefix)
    local head = '{' .. prefix .. root .. '}:head'
    local known = redis.call('HMGET', head, 'state', 'weight')
    local event = known[1] and picture(root, prefix)
    if event then
      redis.call('HSET', head, 'tree', root)
      local row = string.format('%d %s %s', feed.done[known[1]] and 1000 or 0, known[2] or '1', known[1])
      record_task(feed, root, nil, row, event:match('^%S+ %d (.*)$'))
    end
  end
end
