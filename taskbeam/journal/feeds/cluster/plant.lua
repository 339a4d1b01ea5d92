-- A task is the first one of a tree: from here on its head says so. One that is alone has none.
--
-- KEYS  1 head, 2 log of the task
-- ARGV  1 tree    the id of the task
--
-- Returns { tree, weight, life, holds, state, record }: the tree that the task had before, '' = none, and its newest
-- picture, '' = none; nil where it has no journal.

local head = redis.call('HMGET', KEYS[1], 'seq', 'tree', 'weight', 'holds', 'state', 'snapshot', 'picture')
if not head[1] then
  return nil
end
local first = tonumber(head[1]) - redis.call('LLEN', KEYS[2]) + 1
local picture = head[7] or redis.call('LINDEX', KEYS[2], tonumber(head[6]) - first) or ''
if not head[2] then
  redis.call('HSET', KEYS[1], 'tree', ARGV[1], 'turned', picture:match('^%S*'))
end
return { head[2] or '', head[3] or '', redis.call('TTL', KEYS[1]), head[4] or '', head[5], picture }
