-- On a cluster: whoever writes of a task that has ended need not say any more that its end is due.
--
-- KEYS  1 head of the journal
-- ARGV  1 epoch   of the end

if redis.call('HGET', KEYS[1], 'epoch') == ARGV[1] then
  redis.call('HSET', KEYS[1], 'told', ARGV[1])
end
