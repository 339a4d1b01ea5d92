-- Take so much of a tenant's rate, and a place among its waiting jobs: all of it, or nothing.
--
-- KEYS  1 due       when all that was taken so far is paid for, in µs: the generic cell rate algorithm (ITU-T I.371)
--       2 waiting   sorted set of the ids of jobs that wait, by the second in which they were sent
-- ARGV  1 cost      µs that this takes; 0 = there is no rate
--       2 burst     µs' worth that may be taken at once
--       3 most      jobs that may wait; 0 = any number
--       4 job       id of the job; '' where none is sent
--       5 keep      seconds that the set of waiting jobs outlives the newest of them
--
-- Returns { 'taken' }, { 'waiting', jobs } or { 'fast', µs until the same is taken }.

local now = redis.call('TIME')
local micros = now[1] * 1000000 + now[2]
local cost, burst, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

if most > 0 then
  local jobs = redis.call('ZCARD', KEYS[2])
  if jobs >= most then
    return { 'waiting', jobs }
  end
end

if cost > 0 then
  -- A clock that went back leaves nobody with a debt of more than a burst.
  local due = math.min(tonumber(redis.call('GET', KEYS[1]) or 0), micros + burst)
  due = math.max(due, micros) + cost
  if due - micros > burst then
    return { 'fast', math.ceil(due - micros - burst) }
  end
  redis.call('SET', KEYS[1], string.format('%.0f', due), 'PX', math.ceil((due - micros) / 1000))
end

if most > 0 then
  redis.call('ZADD', KEYS[2], now[1], ARGV[4])
  redis.call('EXPIRE', KEYS[2], ARGV[5])
end
return { 'taken' }
