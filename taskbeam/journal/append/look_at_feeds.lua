-- Look what each of the feeds knows of the task, and tell those at once that have nothing to record.
--
-- A transition, which is a state that differs from the feed's row, is a numbered record of the feed. Whatever else a
-- task says is published without a number: it moves no cursor, and who was away does not get it. The feed's epoch
-- stands before it, as a channel is that of all databases of the server, where there may be another feed of this name.

-- What is left for the parts behind this one; and whether there are groups or trees.
local feeds, CANVASES = {}, false
for place, name in ipairs(names) do
  local ends, base = place > endless, '{' .. FEED .. prefix .. name .. '}'
  -- To look for what a feed has not costs as much as all that it has: in the canvas' place stands what comes first.
  local found = optionally(
    'tell the feed', 'HMGET', base .. ':head', row_field, 'numbers', ends and 'canvas' or 'epoch', 'life')
  if found and found[1] == state and not ends then
    optionally('tell the feed', 'PUBLISH', base .. ':live',
      '- ' .. (found[3] or 0) .. ' {"feed":' .. cjson.encode(name) .. ',"type":"task","event":' .. event .. '}')
  elseif found and (ends or not found[2] or found[4] ~= life
      or try('tell the feed', tell_endless, name, base, found[1], found[2]) == false) then
    feeds[#feeds + 1] = { name, base, found }
    CANVASES = CANVASES or ends
  end
end
if #feeds == 0 then
  return answer('appended')
end
