-- Tell a feed one event of a task, once: it is known by its id, however often it is told.
--
-- KEYS  1 head     of the feed, and its other keys
-- ARGV  1 name     of the feed
--       2 task     its id
--       3 record   as the task's journal has it; '' = only say how far the feed has come
--       4 state    of the task with it
--       5 after    the id of the transition before it; '' = whatever the feed has, it is due now
--       6 permille how much of the task is done; '' = as before
--       7 weight   that the task has; '' = as before
--       8 holds    1 = the task failed, and its errbacks are still to be sent
--       9 lives    seconds that the task's journal lives
--       10 root    of a tree: 'told' = its first task is in it, or gone; 'coming' = this is the first one, and more come
--       11 life    of the server, as an earlier answer named it; '' = unknown
--
-- Returns { life, 'told' }; { life, 'behind', id, holds }: the feed lacks what came between the event of this id ('' =
-- none) and this one, and was told nothing; holds = 1: it waits for errbacks of the task. { life, 'root' }: so was a
-- tree that has to have its first task before. The life is that of the server, '' = it was not looked for.

local task_id, record, state, after, root = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[10]
local field, lives = ':' .. task_id, tonumber(ARGV[9])
local found = redis.call('HMGET', KEYS[1], field, 'numbers', 'canvas', 'life')
local before, feed = found[1], feed_of(ARGV[1], KEYS[1]:sub(1, -6), found[2], found[3], found[4])
local at = before and before:match('^%S+') or dropped_at(feed, task_id)
local id, event = record:match('^(%S+) %d (.*)$')

if not id or (after ~= '' and (not at or is_newer(after, at))) then
  return { life or '', 'behind', at or '', held_by(feed, before) }
elseif at and not is_newer(id, at) then
  return { life or '', 'told' }
end

local known, permille, weight = read_row(feed, before)
local row = id .. ' ' .. state
if feed.ends then
  permille = tonumber(ARGV[6]) or permille or 0
  local holds = feed.tree and ARGV[8] == '1' and '!' or ''
  row = string.format('%s %d%s %s %s', id, permille, holds, ARGV[7] ~= '' and ARGV[7] or weight or '1', state)
end

local holds_more = held_by(feed, row) - held_by(feed, before)
if known == state and holds_more == 0 then
  local more = ''
  if feed.ends and row:match(' .*') ~= before:match(' .*') then
    -- A task that has come further moves the progress.
    count(feed, before, -1)
    count(feed, row, 1)
    keep_feed(feed, field, row)
    more = ',"rollup":' .. rollup(feed)
  elseif after == '' then
    redis.call('HSET', KEYS[1], field, row)
  end
  if is_heard(feed.base .. ':live') then
    redis.call(PUBLISH_BY, feed.base .. ':live',
      '- ' .. feed.epoch .. ' {"feed":' .. cjson.encode(feed.name) .. ',"type":"task","event":' .. event .. more .. '}')
  end
  return { life or '', 'told' }
elseif feed.tree and not feed.epoch and root == '' and feed.name ~= 'tree:' .. task_id then
  return { life or '', 'root' }
end

local born = begin_feed(feed)
if not before then
  if at then
    forget_dropped(feed, task_id)
  end
  make_room(feed)
end
feed.coming = root == 'coming'
if feed.tree then
  feed.held = feed.held + holds_more
end
local anew = record_task(feed, task_id, before, row, event)
if feed.done[state] then
  expires_at(feed, task_id, lives)
end
if not before or feed.done[state] then
  outlive(feed.base, lives, born, anew)
end
return { life or '', 'told' }
