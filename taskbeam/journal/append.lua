-- Append one event to a task's journal: guard, store Celery's result, number, log, publish.
--
-- KEYS  1 result    Celery's result key, also the name of Celery's own channel
--       2 head      hash of the journal
--       3 log       list of the records
--       4 tombstone     outlives the journal, so that an expired task is not taken for an unknown one
--       5 runs      hash of the runs under the writer's worker; absent where runs are not registered
--       Those of queues and run times are named in the entry and the head: they exist on one server only.
-- ARGV  1 entry     JSON object, its members as in entry.py; what is absent is '', 0 or false
--       2 front     JSON members of the body before those which only this script knows
--       3 back      JSON members after them, with the closing brace
--       4 meta      what Celery stores under its result key; '' = nothing
--
-- Returns { verdict, epoch, seq, cancel, unmet }: 'appended', 'repeated' (this token was here before) or
-- 'refused'; cancel = '1' when somebody asked the task to stop; unmet = the ids, one a line, that wait for
-- this task where it has ended without success.

local entry, meta = cjson.decode(ARGV[1]), ARGV[4]
local run = entry.run or ''

local head = redis.call('HMGET', KEYS[2],
  'epoch', 'seq', 'state', 'final', 'run', 'attempt', 'runs', 'name', 'tokens', 'snapshot', 'before', 'cancel',
  'waiting', 'next', 'limits')
local epoch, seq, state, ended = head[1], tonumber(head[2] or 0), head[3] or 'PENDING', head[4] == '1'
local current, attempt, runs = head[5] or '', tonumber(head[6] or 1), head[7] or ''
local name, tokens, snapshot = head[8] or '', head[9] or '', tonumber(head[10] or 0)
local before, cancel = head[11] or '', head[12] or ''
-- Sent with the message of another task, and not yet by itself; and the ids that wait for this one.
local waited, following = head[13] == '1', entry.next or head[14] or ''
local stalled = state == 'STALLED'

-- As limits.py encodes them; '-' is what nobody has configured. Only the application's own writers bring some.
local LIMITS = '^(%S+) (%S+) (%S+) (%S+)'
local kept = head[15] or ''
local limits = entry.limits or kept
local limit, keep, expires, failure_expires = limits:match(LIMITS)
-- Seconds that the journal and Celery's result live; nil = as long as before, 0 = for ever.
local ttl = tonumber((entry.state == 'FAILURE' or entry.state == 'LOST') and failure_expires or expires)
if ttl and ttl > 0 then
  ttl = ttl + (entry.delay or 0)
end

-- A run known in `runs` but not current is over: retried, or superseded by a newer one.
local known = run ~= '' and runs:find(run, 1, true) ~= nil
local over = known and run ~= current

local function store_result()
  if meta == '' then
    return
  end
  local seconds = ttl or math.ceil(redis.call('PTTL', KEYS[2]) / 1000)
  if seconds > 0 then
    redis.call('SET', KEYS[1], meta, 'EX', seconds)
  else
    redis.call('SET', KEYS[1], meta)
  end
  redis.call('PUBLISH', KEYS[1], meta)
end

local function answer(verdict)
  local unmet = ended and state ~= 'SUCCESS' and following or ''
  return { verdict, epoch or '0', seq, cancel, unmet }
end

-- Whether the entry may be appended, and whether it begins the journal anew.
local function admit()
  if not epoch then
    return not entry.only, true
  end
  if entry.after and entry.after ~= seq then
    return false
  end
  if entry.only == 'queued' then
    return not ended and current == '', false
  elseif entry.only == 'waiting' then
    return not ended and waited, false
  elseif entry.only == 'open' then
    return not ended, false
  elseif entry.only == 'running' then
    return not ended and run == current, false
  elseif entry.only == 'stalled' then
    return stalled and run == current, false
  elseif entry.birth and entry.waiting then
    -- Told before, by another message that has it to follow.
    return false
  elseif entry.birth and waited and not ended then
    return true, false
  elseif entry.birth then
    -- A task that is sent again under the id of one that has ended; one that was revoked while it waited
    -- is sent all the same, but no worker runs it.
    return ended and state ~= 'SUCCESS' and not (waited and state == 'REVOKED'), true
  elseif not ended then
    return not over or entry.state == 'SUCCESS', false
  elseif state == 'SUCCESS' then
    -- The first SUCCESS stays: Celery's own rule.
    return false
  elseif state == 'LOST' then
    -- The watchdog was wrong: the run speaks again.
    return true, true
  end
  -- After another end only a new run may speak, or a superseded one that succeeds after all.
  return (run ~= '' and not known) or (over and entry.state == 'SUCCESS'), true
end

-- The tokens of the last few calls, each with its seq: a writer asks again after a lost reply.
local seen = tokens:match(entry.token .. '=(%d+);')
if seen then
  seq = seen
  return answer('repeated')
end

-- Nor does it change anything to tell a stall, or to ask for an end, twice.
if (entry.only == 'running' and stalled and run == current) or (entry.cancel and cancel == '1' and not ended) then
  return answer('repeated')
end

local admitted, reborn = admit()
if not admitted then
  if ended and (state == 'IGNORED' or state == 'REJECTED' or waited) then
    -- Ends that only we know; what Celery stores after them is its own.
    store_result()
  end
  return answer('refused')
end

local labels = entry.labels or {}
if reborn then
  -- Ids of an earlier life, kept or expired, are all smaller.
  local now = redis.call('TIME')
  local last = tonumber(epoch or redis.call('GET', KEYS[4]) or 0)
  epoch = string.format('%.0f', math.max(now[1] * 1000 + math.floor(now[2] / 1000), last + 1))
  seq, snapshot, before, cancel = 0, 0, '', ''
  if not entry.birth then
    -- The same task goes on: it stays its owner's.
    for _, field in ipairs({ 'owner', 'group', 'tags', 'title' }) do
      labels[field] = redis.call('HGET', KEYS[2], field) or labels[field]
    end
  end
  redis.call('DEL', KEYS[2], KEYS[3])
  if entry.birth then
    current, attempt, runs, kept = '', 1, '', ''
  end
end
if reborn or entry.birth then
  for field, value in pairs(labels) do
    redis.call('HSET', KEYS[2], field, value)
  end
end

if kept ~= '' and limits ~= kept then
  -- Of `limit` and `keep` the first that was configured holds; expiry is, as for Celery's result, the newest.
  local first_limit, first_keep = kept:match(LIMITS)
  limit = tonumber(first_limit) or limit
  keep = tonumber(first_keep) or keep
  limits = table.concat({ limit, keep, expires, failure_expires }, ' ')
end

local queued, begins = runs == '', run ~= '' and not known
if begins then
  if runs ~= '' then
    attempt = attempt + 1
  end
  runs = (runs .. run .. ' '):sub(-512)
  current = run
end
if entry.ends_run then
  current = ''
end

if entry.state then
  before = entry.state == 'STALLED' and state or ''
  state = entry.state
elseif stalled and not entry.cancel then
  state, before = before, ''
elseif reborn then
  -- Only a run speaks without telling a state, so a life that begins with it has started.
  state = 'STARTED'
end
if name == '' then
  name = entry.name or ''
end
if entry.cancel then
  cancel = '1'
end

local waits = entry.waiting
  or (waited and not (entry.birth or begins or entry.state == 'SUCCESS'))
ended = entry.final
seq = seq + 1
local id = epoch .. '-' .. seq
local record = id .. (entry.final and ' 1 ' or ' 0 ')
  .. '{"id":"' .. id .. '",' .. ARGV[2]
  .. '"state":' .. cjson.encode(state)
  .. ',"name":' .. (name == '' and 'null' or cjson.encode(name))
  .. ',"attempt":' .. attempt .. ',' .. ARGV[3]

-- A state or progress event is the newest picture of the task; log lines and data are not, but for the
-- first record of all, where there is none else.
if entry.type == 'state' or entry.type == 'progress' or seq == 1 then
  if snapshot < 0 then
    redis.call('HDEL', KEYS[2], 'picture')
  end
  snapshot = seq
end

local length = redis.call('RPUSH', KEYS[3], record)
-- What nobody has configured drops no more than this entry adds: an older version may have kept more.
local most = tonumber(limit) or math.max(DEFAULT_LIMIT, length - 1)
while length > most do
  local dropped = redis.call('LPOP', KEYS[3])
  if snapshot == seq - length + 1 then
    redis.call('HSET', KEYS[2], 'picture', dropped)
    snapshot = -1
  end
  length = length - 1
end

-- Values stay under 64 bytes, so that Redis keeps the hash in its compact form (but for `next`, where a
-- task is followed by several).
redis.call('HSET', KEYS[2],
  'epoch', epoch, 'seq', seq, 'state', state, 'final', entry.final and '1' or '0',
  'run', current, 'attempt', attempt, 'runs', runs, 'name', name,
  'tokens', (tokens .. entry.token .. '=' .. seq .. ';'):sub(-60), 'snapshot', snapshot,
  'before', before, 'cancel', cancel)
if limits ~= '' and (reborn or limits ~= kept) then
  redis.call('HSET', KEYS[2], 'limits', limits)
end
if waits then
  redis.call('HSET', KEYS[2], 'waiting', '1')
elseif waited then
  redis.call('HDEL', KEYS[2], 'waiting')
end
if following ~= '' and (reborn or entry.next) then
  redis.call('HSET', KEYS[2], 'next', following)
end

if entry.queue then
  redis.call('HSET', KEYS[2], 'ticket', take_ticket(entry.queue))
end
if (queued and (begins or entry.final)) or entry.ran then
  local ticket = redis.call('HGET', KEYS[2], 'ticket')
  if ticket and queued then
    leave_queue(ticket, begins)
  end
  if ticket and entry.ran then
    learn(ticket:match(' (.+)$') .. ':tickets', entry.ran)
  end
  if entry.ran then
    learn(entry.times, entry.ran)
  end
end

if KEYS[5] then
  if entry.final or entry.ends_run then
    redis.call('HDEL', KEYS[5], KEYS[1])
  elseif begins then
    redis.call('HSET', KEYS[5], KEYS[1], entry.row)
  end
end
if ttl and (entry.limits or entry.final) then
  if ttl > 0 then
    redis.call('EXPIRE', KEYS[2], ttl)
    redis.call('EXPIRE', KEYS[3], ttl)
    if reborn or entry.final then
      redis.call('SET', KEYS[4], epoch, 'EX', ttl + (tonumber(keep) or DEFAULT_KEEP))
    end
  else
    redis.call('PERSIST', KEYS[2])
    redis.call('PERSIST', KEYS[3])
  end
end
store_result()
redis.call(entry.publish, entry.channel, record)

return answer('appended')
