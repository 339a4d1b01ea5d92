-- Take what is due, for a while: whoever does not say what became of it in that time, has died, and another takes it.
--
-- KEYS  1 due, 2 tries
-- ARGV  1 for how long (ms), 2 how many
--
-- Returns { wait, member, due, tries, … }: milliseconds until the next is due, '' = nothing is; then what was taken,
-- in the order in which it became due, when (ms) that was, and how often it was sent in vain.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local taken = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'WITHSCORES', 'LIMIT', 0, ARGV[2])
local answer = { '' }
for index = 1, #taken, 2 do
  local member, due = taken[index], taken[index + 1]
  redis.call('ZADD', KEYS[1], now + ARGV[1], member)
  answer[#answer + 1] = member
  answer[#answer + 1] = due
  answer[#answer + 1] = tonumber(redis.call('HGET', KEYS[2], member) or 0)
end
local following = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if following[2] then
  answer[1] = string.format('%.0f', math.max(following[2] - now, 0))
end
return answer
