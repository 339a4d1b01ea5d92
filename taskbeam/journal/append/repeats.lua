-- A writer asks again after a lost reply, and that changes nothing.

-- The number of the event that this very call appended, as far as it is remembered. A writer that numbers its
-- calls sends them in order, so a number that is not larger than its last one was here before, or comes too late.
local number, seen
if entry.number then
  number, seen = tokens:match(entry.token .. '#(%d+)=(%d+);')
else
  seen = tokens:match(entry.token .. '=(%d+);')
end
if seen and (not number or entry.number <= tonumber(number)) then
  seq = seen
  return answer('repeated')
end

-- Nor does it change anything to tell a stall, or to ask for an end, twice.
if (entry.only == 'running' and stalled and run == current) or (entry.cancel and cancel == '1' and not ended) then
  return answer('repeated')
end

-- The calls that are remembered: `writer#number=seq;` of each writer that numbers them, however many calls it may
-- repeat, and `token=seq;` of the last few others.
local function remember()
  local own, items, writers = entry.token, {}, 0
  if entry.number then
    tokens = tokens:gsub(own .. '#%d+=%d+;', '')
    own = own .. '#' .. entry.number
  end
  tokens = tokens .. own .. '=' .. seq .. ';'
  if #tokens <= REMEMBERED then
    return tokens
  end
  for item in tokens:gmatch('[^;]+;') do
    items[#items + 1] = item
    writers = writers + (item:find('#', 1, true) and 1 or 0)
  end
  local excess, kept_items = #tokens - REMEMBERED, {}
  for _, item in ipairs(items) do
    local is_writer = item:find('#', 1, true)
    if excess > 0 and (not is_writer or writers > MOST_WRITERS) then
      excess, writers = excess - #item, writers - (is_writer and 1 or 0)
    else
      kept_items[#kept_items + 1] = item
    end
  end
  return table.concat(kept_items)
end
