-- What only groups and trees have: an end, and a progress.
--
-- Redis makes the functions of a script anew with each call, and most calls tell no group and no tree (`CANVASES`).

local is_over, progress

if CANVASES then
  -- Whether nothing more is to come.
  function is_over(feed)
    if feed.coming or feed.waiting + feed.running > 0 or feed.total == 0 then
      return false
    elseif feed.tree then
      return feed.sealed == 1 and feed.held == 0
    end
    return feed.size > 0 and feed.total >= feed.size - 1 + feed.added
  end

  -- How far it has come, as JSON. A member that is still to come counts for 1.
  function progress(feed)
    local size, weight, told = feed.size - 1 + feed.added, feed.weight, ''
    if feed.size > 0 then
      weight, told = weight + math.max(size - feed.total, 0), string.format(',"size":%d', size)
    end
    local permille = weight > 0 and math.floor(feed.parts / weight) or 0
    return string.format('%s,"permille":%d,"final":%s', told, permille, tostring(is_over(feed)))
  end
end
