-- Renew a worker's lease, and say for as long what it consumes. That a worker lives is essential; what it consumes
-- is not, and comes after it.
--
-- KEYS  1 workers  2 leases  3… the consumers of each of its queues
-- ARGV  1 worker   2 milliseconds  3 slots  4 what Celery calls it; '' = it is none of Celery's workers
--
-- Returns, for each queue whose consumers cannot be written, its key and why.

local time, lease = redis.call('TIME'), tonumber(ARGV[2])
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now + lease, ARGV[1])
-- How long it is: a watchdog takes its own word for it where this cannot be written.
redis.pcall('HSET', KEYS[2], ARGV[1], lease)
if ARGV[4] ~= '' then
  -- What operators know it by, and how many tasks its pool runs at once.
  redis.pcall('HSET', KEYS[2], ARGV[1] .. ' known', ARGV[3] .. ' ' .. ARGV[4])
end

local function consume(key)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
  redis.call('ZADD', key, now + lease, ARGV[1] .. ' ' .. ARGV[3])
  if redis.call('PTTL', key) < lease then
    redis.call('PEXPIRE', key, lease)
  end
end

local failed = {}
for i = 3, #KEYS do
  local done, why = pcall(consume, KEYS[i])
  if not done then
    failed[#failed + 1] = KEYS[i] .. ': ' .. tostring(type(why) == 'table' and why.err or why)
  end
end
return failed
