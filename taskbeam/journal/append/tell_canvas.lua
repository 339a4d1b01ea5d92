-- What a task does to its group and its tree beside what it does to any feed.

local row_now, move, tend

if CANVASES then
  -- What its row is from here on: how much of the task is done, and what it counts for.
  function row_now(permille, weight)
    if entry.final then
      permille = 1000
    elseif entry.permille then
      permille = entry.permille
    elseif begins or state == 'PENDING' or state == 'RETRY' then
      permille = 0
    end
    return string.format('%d %s %s', permille or 0, weight or labels.weight or '1', state)
  end

  -- A task that has come further moves the progress.
  function move(feed, before, row, id, event)
    count(feed, before, -1)
    count(feed, row, 1)
    keep_feed(feed, ':' .. id, row)
    redis.call('PUBLISH', feed.base .. ':live', '- ' .. feed.epoch .. ' {"feed":' .. cjson.encode(feed.name)
      .. ',"type":"task","event":' .. event .. ',"rollup":' .. rollup(feed) .. '}')
  end

  -- Before a transition: a tree that is born has its first task, and waits for errbacks.
  function tend(feed, born, id, prefix)
    if born and feed.tree and feed.name ~= 'tree:' .. id then
      feed.coming = true
      plant(feed, feed.name:sub(6), prefix)
      feed.coming = false
    end
    if entry.holds and feed.tree then
      feed.held = feed.held + 1
    end
  end
end
