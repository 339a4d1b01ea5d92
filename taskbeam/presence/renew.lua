-- Renew a worker's lease, and say for as long what it consumes.
--
-- KEYS  1 workers  2… the consumers of each of its queues
-- ARGV  1 worker   2 milliseconds  3 slots

local time, lease = redis.call('TIME'), tonumber(ARGV[2])
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 2, #KEYS do
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now)
  redis.call('ZADD', KEYS[i], now + lease, ARGV[1] .. ' ' .. ARGV[3])
  if redis.call('PTTL', KEYS[i]) < lease then
    redis.call('PEXPIRE', KEYS[i], lease)
  end
end
return redis.call('ZADD', KEYS[1], now + lease, ARGV[1])
