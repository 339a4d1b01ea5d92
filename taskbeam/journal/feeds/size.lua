-- Say how large groups are, as their sender knows it.
--
-- KEYS  the head of each group's feed
-- ARGV  1 prefix   before a task's id in the key of its result
--       2 lives    seconds that a result lives; 0 = for ever
--       and of each group:
--         group    its id
--         size     its members; '' = as many as before
--         added    members that have been added by a member
--         member   one of them, where all are sent; else ''

local prefix, lives = ARGV[1], tonumber(ARGV[2])

-- Celery may send a chord under another id than that which the caller holds; its members know theirs.
local function name_of(group, member)
  local named = member ~= '' and redis.call('HGET', '{' .. prefix .. member .. '}:head', 'group')
  if not named or ('\n' .. named .. '\n'):find('\n' .. group .. '\n', 1, true) then
    return group
  end
  return named:match('[^\n]+')
end

for place = 3, #ARGV, 4 do
  local group, sealed = name_of(ARGV[place], ARGV[place + 3]), ARGV[place + 3] ~= ''
  note_size(read_feed('group:' .. group, prefix), tonumber(ARGV[place + 1]), tonumber(ARGV[place + 2]), sealed,
    lives)
  if sealed then
    seal_tree(read_feed('tree:' .. group, prefix))
  end
end
