-- What was taken is due again, unless it was withdrawn meanwhile.
--
-- KEYS  1 due, 2 tries
-- ARGV  1 member, 2 in how long (ms), 3 '1' = it was sent in vain

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local is_there = redis.call('ZADD', KEYS[1], 'XX', 'CH', now + ARGV[2], ARGV[1]) == 1
if is_there and ARGV[3] == '1' then
  redis.call('HINCRBY', KEYS[2], ARGV[1], 1)
end
