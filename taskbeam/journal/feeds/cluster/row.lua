-- What a row says of its task on a cluster: before the state stands the id of the event that told it.

local function read_row(feed, row)
  if not row then
    return nil
  elseif not feed.ends then
    return row:match('^%S+ (.*)$')
  end
  local permille, weight, known = row:match('^%S+ (%d+) (%d+) (.*)$')
  return known, tonumber(permille), tonumber(weight)
end
