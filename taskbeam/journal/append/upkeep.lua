-- What follows once the event is told: bounds, the registered run, and expiry. All of it is optional.

-- The newest state is one of the log's records again.
if had_picture then
  optionally('forget the newest state of before', 'HDEL', KEYS[2], 'picture')
end

-- What nobody has configured drops no more than this entry adds: an older version may have kept more.
local most = tonumber(limit) or math.max(DEFAULT_LIMIT, length - 1)
local most_bytes = tonumber(limit_bytes) or DEFAULT_LIMIT_BYTES

-- Keep the log's bounds; the newest record stays whatever its size. The newest that tells the task's state stays in
-- the head when it falls out. What an earlier version appended was not counted.
if length > most or bytes > most_bytes then
  try('drop the oldest events', function()
    while length > 1 and (length > most or bytes > most_bytes) do
      local dropped = redis.call('LPOP', KEYS[3])
      bytes = math.max(bytes - #dropped, 0)
      if snapshot == seq - length + 1 then
        redis.call('HSET', KEYS[2], 'picture', dropped, 'snapshot', -1)
        snapshot = -1
      end
      length = length - 1
    end
    redis.call('HSET', KEYS[2], 'bytes', bytes)
  end)
end

local has_text = text or (had_text and not forgets_text)

if KEYS[5] and (entry.final or entry.ends_run) then
  optionally('strike off the run', 'HDEL', KEYS[5], KEYS[1])
elseif KEYS[5] and begins then
  optionally('register the run', 'HSET', KEYS[5], KEYS[1], entry.row)
end

if ttl == 0 and (entry.limits or entry.final) then
  optionally('keep the journal for ever', 'PERSIST', KEYS[2])
  optionally('keep the journal for ever', 'PERSIST', KEYS[3])
  if has_text then
    optionally('keep the text for ever', 'PERSIST', text_key)
  end
elseif ttl and (entry.limits or entry.final) then
  -- Celery's expiry begins with the end. Until then the task is known, however long it waits or is silent.
  local lasts = ended and ttl or math.max(ttl, OPEN_EXPIRES + (entry.delay or 0))
  optionally('set the expiry', 'EXPIRE', KEYS[2], lasts)
  optionally('set the expiry', 'EXPIRE', KEYS[3], lasts)
  if has_text then
    optionally('set the expiry of the text', 'EXPIRE', text_key, lasts)
  end
  if reborn or another_life or entry.final then
    local said = ended and epoch or epoch .. ' open'
    optionally('set the tombstone', 'SET', KEYS[4], said, 'EX', lasts + (tonumber(keep) or DEFAULT_KEEP))
  end
end
