-- Read a task's journal after a cursor, in one consistent look.
--
-- KEYS  1 head    2 log    3 tombstone    4 output
-- ARGV  1 epoch   of the cursor; '' = from the first record the log still has; 'tail' = the newest `seq` ones
--       2 seq     of the cursor
--       3 limit   records to return at the most
--       4 bytes   of records to return at the most, but for the first
--       5 text    1 = the text that the task has written so far is wanted, where the cursor is no event of the log
--       6 name    of the feed, where it is one whose followers go live (`STANDING`)
--       7 prefix  before a task's id in the key of its result
--
-- Returns { epoch, seq of the last record, fits, waits, records, picture, text, standing }: whether the journal continues the
-- cursor (1), whether the task is PENDING (1), and the last record that tells the task's state. A cursor that
-- does not fit is answered from the first record. Where Redis evicted the record that tells the state, the
-- picture is what the head knows: { state, final, name, attempt, cancel }. The text is { state, name, attempt, the UTF-16 unit
-- with which it begins, units that are nowhere, the text as it stands in a JSON string }, or absent. Of a feed, `standing` says where its open
-- tasks stand.
-- A task without a journal: 'expired' when it had one and ended, 'missing' when it is known and has not ended,
-- else 'unknown'.

local cursor_epoch, after = ARGV[1], tonumber(ARGV[2])

-- Whether a worker that lives has registered a run of the task. In a cluster that is in another slot.
local function runs()
  local result = KEYS[1]:match('^{(.*)}:head$')
  for _, worker in ipairs(redis.pcall('ZRANGE', WORKERS, 0, -1)) do
    if redis.pcall('HEXISTS', RUNS .. worker, result) == 1 then
      return true
    end
  end
  return false
end

local function absence()
  local tombstone = redis.call('GET', KEYS[3])
  if tombstone and not tombstone:find('open', 1, true) then
    return 'expired'
  elseif tombstone or redis.call('EXISTS', KEYS[2]) == 1 or runs() then
    return 'missing'
  end
  return 'unknown'
end

local head = redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'snapshot', 'picture', 'state', 'output')
if not head[1] then
  return absence()
end
-- Of a feed, whose head names none, the newest record is the snapshot.
local seq, snapshot = tonumber(head[2]), tonumber(head[3] or head[2])
local first = seq - redis.call('LLEN', KEYS[2]) + 1

if cursor_epoch == 'tail' then
  cursor_epoch, after = head[1], math.max(seq - after, first - 1)
end

-- A cursor of an earlier life fits where the log still has its record, or the one behind it: numbers go on from
-- one life of the server to the next, so an id names one record only (as index and term do in Raft).
local function fits()
  if cursor_epoch == '' then
    return true
  elseif after < first - 1 or after > seq then
    return false
  elseif cursor_epoch == head[1] then
    return true
  end
  local start = after - first
  for _, record in ipairs(redis.call('LRANGE', KEYS[2], math.max(start, 0), start + 1)) do
    local epoch, number = record:match('^(%d+)%-(%d+) ')
    if epoch == cursor_epoch and (tonumber(number) == after or tonumber(number) == after + 1) then
      return true
    end
  end
  return false
end

local fitting = fits()
local start = (fitting and cursor_epoch ~= '') and after + 1 - first or 0
local limit, room = tonumber(ARGV[3]), tonumber(ARGV[4])
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
local picture = head[4] or snapshot >= first and redis.call('LINDEX', KEYS[2], snapshot - first)
  or redis.call('HMGET', KEYS[1], 'state', 'final', 'name', 'attempt', 'cancel')

local answer = { head[1], seq, fitting and 1 or 0, head[5] == 'PENDING' and 1 or 0, records, picture }
if STANDING then
  answer[7], answer[8] = false, standing(ARGV[6], ARGV[7])
end
if ARGV[5] ~= '1' or not head[6] then
  return answer
end

-- The text is for whoever has no event of the log. A gap's cursor names none: its client may have been cut before it
-- got the text. It is read with the records, so what follows it is behind it.
local own = ARGV[1] ~= 'tail' and cursor_epoch == head[1] and after >= first
  and redis.call('LINDEX', KEYS[2], after - first)
local text = not (own and own:match('^%d+') == cursor_epoch) and redis.pcall('GET', KEYS[4])
if type(text) == 'string' then
  local about = redis.call('HMGET', KEYS[1], 'name', 'attempt')
  local from, omitted = head[6]:match('^%d+,%d+,(%d+),(%d+)$')
  answer[7] = { head[5], about[1], about[2], from, omitted, text }
end
return answer
