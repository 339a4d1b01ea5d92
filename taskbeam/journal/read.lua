-- Read a task's journal after a cursor, in one consistent look.
--
-- KEYS  1 head    2 log    3 tombstone
-- ARGV  1 epoch   of the cursor; '' = from the first record the log still has
--       2 seq     of the cursor
--       3 limit   records to return at the most
--       4 bytes   of records to return at the most, but for the first
--
-- Returns { epoch, seq of the last record, picture, records, waits }: the picture is the last record that tells
-- the task's state, and it waits (1) while it is PENDING. A cursor of another epoch, or one that the journal has not reached, is answered from
-- the first record: the caller sees that it does not fit. A task without a journal: 'expired' when it had
-- one, else 'unknown'.

local head = redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'snapshot', 'picture', 'state')
if not head[1] then
  return redis.call('EXISTS', KEYS[3]) == 1 and 'expired' or 'unknown'
end
local seq = tonumber(head[2])
local first = seq - redis.call('LLEN', KEYS[2]) + 1
local from, after = first, tonumber(ARGV[2])
if ARGV[1] == head[1] and after <= seq and after >= first then
  from = after + 1
end
local start, limit, room = from - first, tonumber(ARGV[3]), tonumber(ARGV[4])
local records = {}
-- In pieces, so that no more is read of a journal of large records than is returned.
while #records < limit and room > 0 do
  local piece = redis.call('LRANGE', KEYS[2], start, start + math.min(32, limit - #records) - 1)
  if #piece == 0 then
    break
  end
  for _, record in ipairs(piece) do
    room = room - #record
    if room < 0 and #records > 0 then
      break
    end
    records[#records + 1] = record
  end
  start = start + #piece
end
local picture = head[4] or redis.call('LINDEX', KEYS[2], tonumber(head[3]) - first)
if not picture then
  -- Redis evicted the log, and the head is of no use without it.
  return 'expired'
end
return { head[1], seq, picture, records, head[5] == 'PENDING' and 1 or 0 }
