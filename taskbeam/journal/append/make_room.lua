-- Before a task comes to a feed: tasks whose journals are gone go, and where the feed is full those that ended first.
-- That a journal is gone is looked for now and then. A group or a tree has all that have not ended, and goes on counting
-- what it has no row for any more.

-- What a head has beside rows: epoch, seq, life, numbers, canvas.
local NO_ROWS = 5

local function make_room(feed, prefix)
  if not feed.ends and feed.total < FEED_TASKS and feed.came % LOOK_EVERY ~= 1 then
    return
  end
  local head, ended = feed.head, feed.base .. ':ended'
  local function is_full()
    if feed.ends then
      return redis.call('HLEN', head) - NO_ROWS >= CANVAS_TASKS
    end
    return feed.total >= FEED_TASKS
  end
  local full = is_full()
  if feed.ends and not full then
    return
  end
  local function gone(id)
    return full or SEES_TASKS and redis.call('EXISTS', '{' .. prefix .. id .. '}:head') == 0
  end
  local function drop(id, row)
    if row and not feed.ends then
      count(feed, row, -1)
    end
    redis.call('HDEL', head, ':' .. id)
    redis.call('ZREM', feed.base .. ':order', id)
    if row and not SEES_TASKS then
      remember_dropped(feed, id, row)
      redis.call('ZREM', feed.base .. ':expires', id)
    end
  end
  if not SEES_TASKS and not feed.ends then
    for _, id in ipairs(expired(feed)) do
      local row = redis.call('HGET', head, ':' .. id)
      if row and feed.done[read_row(feed, row)] then -- else it runs again
        drop(id, row)
      end
    end
    full = is_full()
  end
  for _ = 1, 2 * LOOK_EVERY do
    local oldest = redis.call('LINDEX', ended, 0)
    local row = oldest and redis.call('HGET', head, ':' .. oldest)
    local has_ended = row and feed.done[read_row(feed, row)]
    if not oldest or (has_ended and not gone(oldest)) then
      break
    end
    redis.call('LPOP', ended)
    if has_ended then -- else it runs again
      drop(oldest, row)
      full = is_full()
    end
    if feed.ends and not full then
      return
    end
  end
  local first = not feed.ends and redis.call('ZRANGE', feed.base .. ':order', 0, 0)[1]
  if first and gone(first) then
    drop(first, redis.call('HGET', head, ':' .. first))
  end
end
