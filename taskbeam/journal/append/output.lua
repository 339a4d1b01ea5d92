-- The text that the task writes, and how an event tells a piece of it. A task that writes none pays nothing.

local text, had_text = ARGV[5], head[21]
local text_key = (text or had_text) and KEYS[2]:sub(1, -5) .. 'output'
-- A new attempt begins with an empty text.
local forgets_text = had_text and (begins or (reborn and entry.birth))

-- Of the attempt's text: UTF-16 units that were told, bytes that are kept, the unit with which those begin, and units
-- that are nowhere. The head has them in this order.
local units, kept_bytes, kept_from, omitted = 0, 0, 0, 0
if had_text and not forgets_text then
  units, kept_bytes, kept_from, omitted = unpack(cjson.decode('[' .. had_text .. ']'))
end

local offset, told_text = units, ''
if text then
  units = units + (entry.units or 0)
  -- What the writer has counted and Redis has not: there was no room, or Redis has lost it.
  omitted = math.max(entry.written - units, 0)
  told_text = '"output":{"offset":' .. offset .. ',"text":"' .. text .. '"'
    .. (omitted > 0 and ',"omitted":' .. omitted or '') .. '},'
end
