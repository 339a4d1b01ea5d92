-- What a row says of its task on a cluster: before the state stands the id of the event that told it. In a tree a `!`
-- behind the permille says that errbacks of the task are still to be sent.

local function read_row(feed, row)
  if not row then
    return nil
  elseif not feed.ends then
    return row:match('^%S+ (.*)$')
  end
  local permille, weight, known = row:match('^%S+ (%d+)!? (%d+) (.*)$')
  return known, tonumber(permille), tonumber(weight)
end

-- How many tasks the tree waits for because of this row: 1 or 0.
local function held_by(feed, row)
  return feed.tree and row and row:find('^%S+ %d+!') and 1 or 0
end
