-- Append: number the event, log it, store Celery's result, publish. Nothing optional comes before that.

local labels = entry.labels or {}
-- The same task goes on, or is sent at last: it stays whose it is.
if (reborn and not entry.birth) or (entry.birth and waited and not reborn) then
  for _, field in ipairs({ 'owner', 'group', 'tags', 'title', 'tree', 'weight', 'trace', 'notify' }) do
    labels[field] = redis.call('HGET', KEYS[2], field) or labels[field]
  end
end
if reborn then
  epoch = next_epoch()
  seq, bytes, snapshot, before, cancel = 0, 0, 0, '', ''
  redis.call('DEL', KEYS[2], KEYS[3])
  if entry.birth then
    current, attempt, runs, kept = '', 1, '', ''
  end
elseif another_life then
  -- What the server has kept stays, and the numbers go on.
  epoch = next_epoch()
end

if kept ~= '' and limits ~= kept then
  -- Of the bounds and `keep` the first that was configured holds; expiry is, as for Celery's result, the newest.
  local first_limit, first_keep, _, _, first_bytes = kept:match(LIMITS)
  limit = tonumber(first_limit) or limit
  keep = tonumber(first_keep) or keep
  limit_bytes = tonumber(first_bytes) or limit_bytes
  limits = table.concat({ limit, keep, expires, failure_expires, limit_bytes }, ' ')
end

if begins then
  if runs ~= '' then
    attempt = attempt + 1
  end
  runs = (runs .. run .. ' '):sub(-512)
  current = run
end
if entry.ends_run then
  current = ''
end

if entry.state then
  before = entry.state == 'STALLED' and state or ''
  state = entry.state
elseif stalled and not entry.cancel then
  state, before = before, ''
elseif reborn then
  -- Only a run speaks without telling a state, so a life that begins with it has started.
  state = 'STARTED'
end
if name == '' then
  name = entry.name or ''
end
if entry.cancel then
  cancel = '1'
end

local waits = entry.waiting
  or (waited and not (entry.birth or begins or entry.state == 'SUCCESS'))
ended = entry.final
seq = seq + 1
local id = epoch .. '-' .. seq
local record = id .. (entry.final and ' 1 ' or ' 0 ')
  .. '{"id":"' .. id .. '",' .. ARGV[2]
  .. '"state":' .. cjson.encode(state)
  .. ',"name":' .. (name == '' and 'null' or cjson.encode(name))
  .. ',"attempt":' .. attempt .. ',' .. told_text .. ARGV[3]

bytes = bytes + #record

-- A state or progress event is the newest picture of the task; log lines and data are not, but for the
-- first record of all, where there is none else.
local had_picture = false
if entry.type == 'state' or entry.type == 'progress' or seq == 1 then
  had_picture, snapshot = snapshot < 0, seq
end

local length = redis.call('RPUSH', KEYS[3], record)
-- Values stay under 64 bytes, so that Redis keeps the hash in its compact form (but for `beside`, which only the
-- first task of a group has).
redis.call('HSET', KEYS[2],
  'epoch', epoch, 'seq', seq, 'state', state, 'final', entry.final and '1' or '0',
  'run', current, 'attempt', attempt, 'runs', runs, 'name', name,
  'tokens', remember(), 'snapshot', snapshot,
  'before', before, 'cancel', cancel, 'bytes', bytes, 'life', life)

-- What most entries leave as it is.
local changes = (reborn or entry.birth) and labels or {}
if entry.final then
  changes.trace = labels.trace
end
if limits ~= '' and (reborn or limits ~= kept) then
  changes.limits = limits
end
if waits or waited then
  changes.waiting = waits and '1' or ''
end
if following ~= '' and (reborn or entry.next) then
  changes.next = following
end
if had_text and reborn and not forgets_text then
  changes.output = had_text
end
if stays and (reborn or not head[17]) then
  changes.succeeded = '1'
end
changes.beside = entry.beside
if next(changes) then
  local fields = {}
  for field, value in pairs(changes) do
    fields[#fields + 1] = field
    fields[#fields + 1] = value
  end
  redis.call('HSET', KEYS[2], unpack(fields))
end

store_result()
if is_heard(entry.channel) then
  optionally('publish the event', entry.publish, entry.channel, record)
end
