-- Append one event to a task's journal: guard, number, log, store Celery's result, publish; then what is optional.
--
-- KEYS  1 result    Celery's result key, also the name of Celery's own channel
--       2 head      hash of the journal
--       3 log       list of the records
--       4 tombstone     outlives the journal, so that an expired task is not taken for an unknown one
--       5 runs      hash of the runs under the writer's worker; absent where runs are not registered
--       Those of queues and run times are named in the entry and the head, where they are on the same server.
-- ARGV  1 entry     JSON object, its members as in entry.py; what is absent is '', 0 or false
--       2 front     JSON members of the body before those which only this script knows
--       3 back      JSON members after them, with the closing brace
--       4 meta      what Celery stores under its result key; '' = nothing
--       5 text      a piece of what the task writes, as it stands in a JSON string; absent from all other events
--
-- Returns { verdict, epoch, seq, cancel, unmet, life, failed… }: 'appended', 'repeated' (this token was here before),
-- 'early' (the one before it is not here), 'refused' or 'revoked' (the run that begins is not to run);
-- cancel = '1' when somebody asked the task to stop; unmet = the ids, one a line, that wait for this task where it has
-- ended without success; life = that of the server; failed = each optional step that failed, and why, and what another
-- server is to be told of the task's place in its queue.
--
-- This part: the entry, and the head that it finds. The others see what it reads, and change it.

local entry, meta = cjson.decode(ARGV[1]), ARGV[4]
local run = entry.run or ''

local head = redis.call('HMGET', KEYS[2],
  'epoch', 'seq', 'state', 'final', 'run', 'attempt', 'runs', 'name', 'tokens', 'snapshot', 'before', 'cancel',
  'waiting', 'next', 'limits', 'bytes', 'succeeded', 'life', 'owner', 'tags', 'output',
  'group', 'tree', 'notify')
local epoch, seq, state, ended = head[1], tonumber(head[2] or 0), head[3] or 'PENDING', head[4] == '1'
local current, attempt, runs = head[5] or '', tonumber(head[6] or 1), head[7] or ''
local name, tokens, snapshot = head[8] or '', head[9] or '', tonumber(head[10] or 0)
local before, cancel = head[11] or '', head[12] or ''
-- Sent with the message of another task, and not yet by itself; and who waits for this one.
local waited, following = head[13] == '1', entry.next or head[14] or ''
local stalled = state == 'STALLED'
-- The life of the server, as the writer knows it and as the head has it; see life.lua.
local life, written = entry.life, head[18]

-- A run known in `runs` but not current is over: retried, or superseded by a newer one.
local known = run ~= '' and runs:find(run, 1, true) ~= nil
local over = known and run ~= current
local queued, begins = runs == '', run ~= '' and not known

-- As limits.py encodes them; '-' is what nobody has configured. Only the application's own writers bring some.
local LIMITS = '^(%S+) (%S+) (%S+) (%S+) ?(%S*)'
local kept, bytes = head[15] or '', tonumber(head[16] or 0)
local limits = entry.limits or kept
local limit, keep, expires, failure_expires, limit_bytes = limits:match(LIMITS)
-- Seconds that the journal and Celery's result live; nil = as long as before, 0 = for ever.
local ttl = tonumber((entry.state == 'FAILURE' or entry.state == 'LOST') and failure_expires or expires)
if ttl and ttl > 0 then
  ttl = ttl + (entry.delay or 0)
end
