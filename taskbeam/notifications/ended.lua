-- The newest event of a task, and what is kept of whose it is.
--
-- KEYS  1 log, 2 head of the journal
-- ARGV  fields of the head
--
-- Returns { record, who asked to be told of this task, the fields… }; of what is not there nil.

local newest = redis.call('LRANGE', KEYS[1], -1, -1)[1]
return { newest or false, unpack(redis.call('HMGET', KEYS[2], 'notify', unpack(ARGV))) }
