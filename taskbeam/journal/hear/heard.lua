-- Append to a task's journal what a gateway has heard of Celery's own result.
--
-- KEYS  1 result    Celery's result key: the journal lives as long
--       2 head  3 log  4 tombstone    as for append.lua
-- ARGV  1 entry     JSON object: `state`, `final`, `name`, `channel`, and
--         epoch, after    where the journal ended when it was heard; '' and 0 = there was none
--         mark            of what was heard: a hash; '' = of what the gateway itself says
--         unsure          its place is that of a look: where the journal went on otherwise, nothing is lost
--         missed          what came before it was not heard: a gap is told
--         labels          fields of the head, of a task that the gateway sends
--         limit, limit_bytes, keep, expires    as in limits.py; `expires` holds where there is no result
--         life            of the server, as an earlier answer named it
--       2 front     JSON members of the body before the name
--       3 back      JSON members after it, with the closing brace
--
-- Returns { verdict, epoch, seq, …, life }: 'appended'; 'repeated': it is there, at seq; 'elsewhere': the journal went on
-- otherwise, so it is to be looked at anew; 'ours': a run of Taskbeam's tells of the task.

local entry = cjson.decode(ARGV[1])
local head = redis.call('HMGET', KEYS[2],
  'epoch', 'seq', 'state', 'final', 'runs', 'heard', 'name', 'bytes', 'life', 'snapshot')
local epoch, seq, state, ended = head[1], tonumber(head[2] or 0), head[3] or '', head[4] == '1'
local heard, name, bytes, written = head[6] or '', head[7] or '', tonumber(head[8] or 0), head[9]
local life, cancel = entry.life, ''
local function unmet()
  return ''
end
