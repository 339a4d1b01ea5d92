-- Append one event to a task's journal: guard, store Celery's result, number, log, publish.
--
-- KEYS  1 result   Celery's result key, also the name of Celery's own channel
--       2 head     hash of the journal
--       3 log      list of the records
-- ARGV  1 token    the writer's own name for this call; a repeated call changes nothing
--       2 run      the execution that writes; '' = the worker's main process or another task
--       3 state    the task's state after this event; '' = unchanged
--       4 birth    '1' = only if it begins a journal (PENDING of a task that was just sent)
--       5 final    '1' = the task ends with it
--       6 ends_run '1' = the run ends with it (RETRY)
--       7 ttl      seconds to live; 0 = for ever
--       8 limit    records that the log keeps
--       9 name     the task's name as JSON; '' = unknown to the writer
--      10 type     of the event
--      11 front    JSON members before those which only this script knows
--      12 back     JSON members after them, with the closing brace
--      13 meta     what Celery stores under its result key; '' = nothing
--      14 channel  where the record is published
--      15 publish  PUBLISH, or SPUBLISH on a cluster with sharded pub/sub
--
-- Returns { verdict, epoch, seq }: 'appended', 'repeated' (this token was here before) or 'refused'.

local token, run, state = ARGV[1], ARGV[2], ARGV[3]
local final = ARGV[5] == '1'
local ttl, limit = tonumber(ARGV[7]), tonumber(ARGV[8])

local head = redis.call('HMGET', KEYS[2],
  'epoch', 'seq', 'state', 'final', 'run', 'attempt', 'runs', 'name', 'tokens', 'snapshot')
local epoch, seq = head[1], tonumber(head[2] or 0)
local ended = head[4] == '1'
local current, attempt, runs = head[5] or '', tonumber(head[6] or 1), head[7] or ''
local name, tokens, snapshot = head[8] or '', head[9] or '', tonumber(head[10] or 0)

-- The tokens of the last few calls, each with its seq: a writer asks again after a lost reply.
local seen = tokens:match(token .. '=(%d+);')
if seen then
  return { 'repeated', epoch, seen }
end

-- Which run may speak. A run known in `runs` is over: retried, or superseded by a newer one.
local known = run ~= '' and (run == current or runs:find(run, 1, true) ~= nil)
local over = known and run ~= current
local reborn = not epoch

if epoch then
  if ARGV[4] == '1' and not ended then
    return { 'refused', epoch, seq }
  end
  if ended then
    -- The first SUCCESS stays (Celery's own rule). After another end only a new run, a task that
    -- is sent again, or the SUCCESS of a superseded run opens the journal again, under a new epoch.
    local late_success = state == 'SUCCESS' and over
    if head[3] == 'SUCCESS' or not (ARGV[4] == '1' or late_success or (run ~= '' and not known)) then
      return { 'refused', epoch, seq }
    end
    reborn = true
  elseif over and state ~= 'SUCCESS' then
    return { 'refused', epoch, seq }
  end
end

if reborn then
  local now = redis.call('TIME')
  local ms = now[1] * 1000 + math.floor(now[2] / 1000)
  if epoch then
    ms = math.max(ms, tonumber(epoch) + 1)
  end
  epoch, seq, snapshot = string.format('%.0f', ms), 0, 0
  redis.call('DEL', KEYS[2], KEYS[3])
  if ARGV[4] == '1' then
    current, attempt, runs = '', 1, ''
  end
end

if run ~= '' and not known then
  if runs ~= '' then
    attempt = attempt + 1
  end
  runs = (runs .. run .. ' '):sub(-512)
  current = run
end
if ARGV[6] == '1' then
  current = ''
end
if state == '' then
  -- Only a run speaks without telling a state, so a life of the journal that begins with it has started.
  state = reborn and 'STARTED' or head[3]
end
if ARGV[9] ~= '' and name == '' then
  name = ARGV[9]
end

seq = seq + 1
local id = epoch .. '-' .. seq
local record = id .. (final and ' 1 ' or ' 0 ')
  .. '{"id":"' .. id .. '",' .. ARGV[11]
  .. '"state":' .. cjson.encode(state)
  .. ',"name":' .. (name == '' and 'null' or name)
  .. ',"attempt":' .. attempt .. ',' .. ARGV[12]

-- A state or progress event is the newest picture of the task; log lines and data are not, but for
-- the first record of all, where there is none else.
if ARGV[10] == 'state' or ARGV[10] == 'progress' or seq == 1 then
  snapshot = seq
  if head[10] and tonumber(head[10]) < 0 then
    redis.call('HDEL', KEYS[2], 'picture')
  end
end

local length = redis.call('RPUSH', KEYS[3], record)
while length > limit do
  local dropped = redis.call('LPOP', KEYS[3])
  if snapshot == seq - length + 1 then
    redis.call('HSET', KEYS[2], 'picture', dropped)
    snapshot = -1
  end
  length = length - 1
end

-- Values stay under 64 bytes, so that Redis keeps the hash in its compact form.
redis.call('HSET', KEYS[2],
  'epoch', epoch, 'seq', seq, 'state', state, 'final', final and '1' or '0',
  'run', current, 'attempt', attempt, 'runs', runs, 'name', name,
  'tokens', (tokens .. token .. '=' .. seq .. ';'):sub(-60), 'snapshot', snapshot)

if ttl > 0 then
  redis.call('EXPIRE', KEYS[2], ttl)
  redis.call('EXPIRE', KEYS[3], ttl)
else
  redis.call('PERSIST', KEYS[2])
  redis.call('PERSIST', KEYS[3])
end
if ARGV[13] ~= '' then
  if ttl > 0 then
    redis.call('SET', KEYS[1], ARGV[13], 'EX', ttl)
  else
    redis.call('SET', KEYS[1], ARGV[13])
  end
  redis.call('PUBLISH', KEYS[1], ARGV[13])
end
redis.call(ARGV[15], ARGV[14], record)

return { 'appended', epoch, seq }
