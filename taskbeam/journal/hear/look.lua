-- How Celery's result and a task's journal stand, in one consistent look; see taskbeam/stock/placing.py.
--
-- Asked over the connection that is subscribed to the result's channel: what was published before the look has come
-- before its answer, and what is published later comes after it.
--
-- KEYS  1 result    2 head    3 log    4 tombstone    5 output
-- ARGV  1 marker    the channel to which each gateway is subscribed that hears the task
--       2 keep      seconds that a tombstone outlives its journal
--
-- Returns { value, others, epoch, seq, heard, ours }: what Celery has stored ('' = nothing); how many other gateways
-- hear the task; where the journal ends ('' = none); the marks of what was heard lately (see heard.lua); 1 where it has
-- a run of Taskbeam's.

local value = redis.call('GET', KEYS[1])
local others = redis.call('PUBSUB', 'NUMSUB', ARGV[1])[2] - 1
local epoch, seq, final, runs, heard = unpack(redis.call('HMGET', KEYS[2], 'epoch', 'seq', 'final', 'runs', 'heard'))
local ours = (runs or '') ~= ''

-- Celery's result was forgotten, or has expired, and says so to nobody.
if not value and epoch and heard and final == '1' and not ours then
  redis.call('DEL', KEYS[2], KEYS[3], KEYS[5])
  redis.call('SET', KEYS[4], epoch, 'EX', ARGV[2])
  epoch, heard = false, false
end

return { value or '', others, epoch or '', tonumber(epoch and seq or 0), heard or '', ours and 1 or 0 }
