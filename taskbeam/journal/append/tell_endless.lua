-- Tell a feed that exists, never ends and has room: what nearly each transition of a task with an owner needs. It
-- writes what the parts behind this one write for every feed, and spares the server the feed's table and their
-- functions, which Redis makes anew with each call.

-- The id stands in the body's first members, most often as it is.
local task_id = ARGV[2]:match('^"task_id":"([^"\\]*)"')
if not task_id then
  local read, members = pcall(cjson.decode, '{' .. ARGV[2]:sub(1, -2) .. '}')
  if not read then
    note('find the feeds', members)
    return answer('appended')
  end
  task_id = members.task_id
end
-- The prefix of all results is what remains of the result's key.
local prefix, event, row_field = KEYS[1]:sub(1, -#task_id - 1), record:sub(#id + 4), ':' .. task_id

-- Returns false, and has done nothing, where the feed may have no room.
local function tell_endless(name, base, before, packed)
  -- Where `NUMBERS` count a state; all others are those of tasks that run, in 6.
  local places = { PENDING = 5, SUCCESS = 7, FAILURE = 8, REVOKED = 9, IGNORED = 10, REJECTED = 11, LOST = 12 }
  local states = { 'SUCCESS', 'FAILURE', 'REVOKED', 'IGNORED', 'REJECTED', 'LOST' }
  local numbers, place = { struct.unpack(NUMBERS, packed) }, places[state] or 6
  local seq, came = numbers[2] + 1, numbers[3] + 1
  if before then
    local former = places[before] or 6
    numbers[former] = numbers[former] - 1
  end
  numbers[place] = numbers[place] + 1

  local open, done = numbers[5] + numbers[6], ''
  local total = open
  for each = 7, 12 do
    local number = numbers[each]
    if number > 0 then
      total, done = total + number, done .. (done == '' and '"' or ',"') .. states[each - 6] .. '":' .. number
    end
  end
  if not before then
    if total > FEED_TASKS or numbers[3] % LOOK_EVERY == 1 then
      return false
    end
    numbers[3] = came
    redis.call('ZADD', base .. ':order', came, task_id)
  end
  local anew = place > 6 and redis.call('RPUSH', base .. ':ended', task_id) == 1 or (total == 1 and not before)

  local number = numbers[1] .. '-' .. seq
  local told = number .. ' 0 {"id":"' .. number .. '","feed":' .. cjson.encode(name) .. ',"type":"task","event":'
    .. event .. ',"rollup":'
    .. string.format('{"total":%d,"open":%d,"waiting":%d,"done":{%s}}}', total, open, numbers[5], done)
  local length, bytes = redis.call('RPUSH', base .. ':log', told), numbers[4] + #told
  while length > 1 and (length > FEED_RECORDS or bytes > FEED_BYTES) do
    bytes, length = bytes - #redis.call('LPOP', base .. ':log'), length - 1
  end
  numbers[2], numbers[4] = seq, bytes
  redis.call('HSET', base .. ':head',
    'numbers', struct.pack(NUMBERS, unpack(numbers, 1, 12)) .. (total > COMPACT_ROWS and LONGER or ''),
    'seq', seq, row_field, state)
  redis.call('PUBLISH', base .. ':live', told)
  if not before or place > 6 then
    outlive(base, ttl or redis.call('TTL', KEYS[2]), false, anew)
  end
end
