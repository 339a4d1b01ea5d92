-- Who waits for this task, and in vain where it has ended without success: an id a line.

-- Whoever is told that it ends with the one it waits for (`only` waiting) passes that on, and to those beside it. It
-- does so once: else each task of a header would tell the whole group behind it. Its teller may ask again.
local function unmet()
  if not ended or state == 'SUCCESS' then
    return ''
  elseif entry.only ~= 'waiting' then
    return following
  end
  local teller = entry.token .. '#' .. (entry.number or 0)
  local passed, beside = unpack(redis.call('HMGET', KEYS[2], 'passed', 'beside'))
  if passed and passed ~= teller then
    return ''
  end
  redis.call('HSET', KEYS[2], 'passed', teller)
  return following .. (following ~= '' and beside and '\n' or '') .. (beside or '')
end
