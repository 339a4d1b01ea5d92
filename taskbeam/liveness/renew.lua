-- Renew a worker's lease.  KEYS 1 workers   ARGV 1 worker  2 milliseconds
local now = redis.call('TIME')
return redis.call('ZADD', KEYS[1], now[1] * 1000 + math.floor(now[2] / 1000) + ARGV[2], ARGV[1])
