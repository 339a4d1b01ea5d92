-- What a row says of its task, where the feed is beside the task.

-- The state that a row has, its permille and its weight.
local function read_row(feed, row)
  if not feed.ends or not row then
    return row
  end
  local permille, weight, known = row:match('^(%d+) (%d+) (.*)$')
  return known, tonumber(permille), tonumber(weight)
end
