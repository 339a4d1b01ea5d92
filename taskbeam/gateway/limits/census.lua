-- Tell the other gateways what names hold at this one, and ask what they hold at the others.
--
-- KEYS  1 gateways  sorted set of the gateways, by the time (ms) at which the lease of each ends
--       2 full      hash of the names that have no room: name -> how much it may hold
-- ARGV  1 prefix    what stands before a gateway's id in the key of its hash: name -> what it holds there
--       2 gateway   id of this one
--       3 lease     ms for which what it says holds
--       4 limit     names that `full` has at the most
--       5 anew      1 = what this gateway has told before holds no longer
--       6 held      JSON: name -> { what it holds here, how much it may hold, what each of its newcomers holds, the
--                   newest first }
--
-- Where a name holds too much at several gateways, this one turns its newcomers away when it hears of it. They count no
-- more from now on: if they did, another one that asks before the next report would turn away as many once more.
--
-- Returns whether Redis knew what this gateway has told (0: it is to tell all), and name, number, name, ...:
-- what the others hold of the names in `held`, where they hold any, and of all in `full`.

local gateways, full = KEYS[1], KEYS[2]
local prefix, gateway, lease, limit = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local held = cjson.decode(ARGV[6])

-- Leases are over by Redis' clock. One that ends later than any can was taken before the clock went back.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', gateways, '-inf', now)
redis.call('ZREMRANGEBYSCORE', gateways, now + lease + 1, '+inf')
local joins = redis.call('ZADD', gateways, now + lease, gateway)

local own = prefix .. gateway
if ARGV[5] == '1' then
  redis.call('DEL', own)
end
local known = redis.call('HSET', own, 'lease', lease) + joins == 0 and 1 or 0

local others = {}
for _, other in ipairs(redis.call('ZRANGE', gateways, 0, -1)) do
  if other ~= gateway then
    others[#others + 1] = prefix .. other
  end
end

local function elsewhere(name)
  local sum = 0
  for _, other in ipairs(others) do
    sum = sum + (tonumber(redis.call('HGET', other, name)) or 0)
  end
  return sum
end

local answer = { known }
local function tell(name, number)
  if number > 0 then
    answer[#answer + 1] = name
    answer[#answer + 1] = number
  end
end

local room = limit - redis.call('HLEN', full)
for name, each in pairs(held) do
  local here, most, newcomers = unpack(each)
  local number = elsewhere(name)
  for _, newest in ipairs(newcomers) do
    if number > 0 and here + number > most then
      here = here - newest
    end
  end
  if here > 0 then
    redis.call('HSET', own, name, here)
  else
    redis.call('HDEL', own, name)
  end
  if here + number < most then
    room = room + redis.call('HDEL', full, name)
  elseif room > 0 then
    room = room - redis.call('HSET', full, name, most)
  end
  tell(name, number)
end

local names = redis.call('HGETALL', full)
for i = 1, #names, 2 do
  local name, most = names[i], tonumber(names[i + 1])
  if not held[name] then
    local number = elsewhere(name)
    if number + (tonumber(redis.call('HGET', own, name)) or 0) < most then
      redis.call('HDEL', full, name)
    else
      tell(name, number)
    end
  end
end

for _, key in ipairs({ own, gateways, full }) do
  redis.call('PEXPIRE', key, lease)
end
return answer
