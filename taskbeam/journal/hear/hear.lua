-- Where what was heard belongs, and append it.

-- What was heard lately, `seq=mark;` each, the newest last. Two of the same content have the same mark, so a place is
-- that of the next one: all gateways hear one task in the same order.
local RING = 32
local ring = {}
for place, mark in heard:gmatch('(%d+)=(%w+);') do
  ring[#ring + 1] = { tonumber(place), mark }
end

-- A gap's mark: whoever lost what it had heard has been told so.
local GAP = 'gap'

if (head[5] or '') ~= '' then
  return answer('ours')
elseif epoch and entry.epoch ~= '' and entry.epoch ~= epoch then
  return answer('elsewhere')
elseif not epoch and entry.epoch ~= '' then
  return answer('elsewhere')
elseif entry.mark == '' and epoch then
  return answer('repeated')
end

local records = {}

local function tell(body, final)
  seq = seq + 1
  local id = epoch .. '-' .. seq
  local record = id .. (final and ' 1 ' or ' 0 ') .. '{"id":"' .. id .. '",' .. body
  records[#records + 1] = record
  bytes = bytes + #record
  return record
end

local function tell_gap(snapshot)
  local task_id = ARGV[2]:match('^("task_id":.-,)"type":')
  local after = epoch .. '-' .. seq
  tell(task_id .. '"type":"gap","final":false,"source":"celery","gap":{"after":"' .. after
    .. '","reason":"unheard"},"snapshot":' .. snapshot .. '}', false)
  ring[#ring + 1] = { seq, GAP }
end

local function keep(newest)
  for _, record in ipairs(records) do
    redis.call('RPUSH', KEYS[3], record)
  end
  while #ring > RING do
    table.remove(ring, 1)
  end
  local marks = {}
  for _, each in ipairs(ring) do
    marks[#marks + 1] = each[1] .. '=' .. each[2] .. ';'
  end
  redis.call('HSET', KEYS[2], 'epoch', epoch, 'seq', seq, 'state', state, 'final', ended and '1' or '0',
    'name', name, 'heard', table.concat(marks), 'bytes', bytes, 'life', life, 'snapshot', newest, 'run', '',
    'runs', '', 'before', '', 'cancel', '', 'tokens', '')
  for _, record in ipairs(records) do
    optionally('publish the event', 'PUBLISH', entry.channel, record)
  end
  try('drop the oldest events', function()
    local length = redis.call('LLEN', KEYS[3])
    while length > 1 and (length > entry.limit or bytes > entry.limit_bytes) do
      bytes, length = math.max(bytes - #redis.call('LPOP', KEYS[3]), 0), length - 1
    end
    redis.call('HSET', KEYS[2], 'bytes', bytes)
  end)
end

-- What was heard next after the place from which this one goes on.
local following, gap_told
for _, each in ipairs(ring) do
  if each[1] > entry.after then
    if each[2] ~= GAP then
      following = each
      break
    end
    gap_told = true
  end
end
if following then
  if #ring == RING and entry.after < ring[1][1] then
    return answer('elsewhere') -- too far behind to tell
  elseif following[2] == entry.mark then
    seq = following[1]
    return answer('repeated')
  elseif not entry.unsure and not gap_told and not ended then
    -- It was heard, and another gateway has gone on without it.
    local newest = redis.call('LINDEX', KEYS[3], -1)
    tell_gap(newest:match('^%S+ %d (.*)$'))
    keep(tonumber(head[10] or seq))
  end
  return answer('elsewhere')
end

if ended and state == entry.state then
  -- Celery tells some ends twice: the first stays.
  ring[#ring + 1] = { seq, entry.mark }
  keep(tonumber(head[10] or seq))
  return answer('repeated')
end

if not epoch or ended then
  -- A result that contradicts the end that was told: the task ran again.
  epoch, seq, bytes, ring, heard, ended = next_epoch(), 0, 0, {}, '', false
  redis.call('DEL', KEYS[3], KEYS[4])
elseif another_life then
  epoch = next_epoch()
end

state, ended, name = entry.state, entry.final, entry.name ~= '' and entry.name or name
local body = ARGV[2] .. '"name":' .. (name == '' and 'null' or cjson.encode(name)) .. ',' .. ARGV[3]
if entry.missed and heard ~= '' then
  tell_gap('{"id":"' .. epoch .. '-' .. (seq + 2) .. '",' .. body)
end
tell(body, entry.final)
if entry.mark ~= '' then
  ring[#ring + 1] = { seq, entry.mark }
end
keep(seq)

if next(entry.labels) then
  local fields = {}
  for field, value in pairs(entry.labels) do
    fields[#fields + 1] = field
    fields[#fields + 1] = value
  end
  redis.call('HSET', KEYS[2], unpack(fields))
end

-- The journal lives as long as Celery's result.
local left = optionally("read the result's expiry", 'PTTL', KEYS[1]) or -2
if left == -2 then
  left = entry.expires * 1000
end
for _, key in ipairs({ KEYS[2], KEYS[3] }) do
  if left > 0 then
    optionally('set the expiry', 'PEXPIRE', key, left)
  else
    optionally('keep the journal for ever', 'PERSIST', key)
  end
end
if ended and left > 0 then
  optionally('set the tombstone', 'SET', KEYS[4], epoch, 'PX', left + entry.keep * 1000)
end
return answer('appended')
