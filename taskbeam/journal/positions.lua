-- Which of many journals do not end where their followers are.
--
-- KEYS  the heads
-- ARGV  the ids of the last events that the followers have, in the same order
--
-- Returns the places, from 1, of those that end elsewhere. A journal that is not there is none of them.

local elsewhere = {}
for place, head in ipairs(KEYS) do
  local last = redis.pcall('HMGET', head, 'epoch', 'seq')
  if last[1] and last[1] .. '-' .. last[2] ~= ARGV[place] then
    elsewhere[#elsewhere + 1] = place
  end
end
return elsewhere
