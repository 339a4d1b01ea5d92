-- Celery's own result, stored as stock Celery stores it.

-- Seconds that a result lives whose expiry cannot be read: Celery's default.
local RESULT_LIFE = 24 * 3600

-- Whether Celery's result says SUCCESS. Celery writes the status first, with each serializer but YAML; what follows
-- may be large.
local function has_succeeded()
  local stored = optionally("read Celery's result", 'GETRANGE', KEYS[1], 0, 47)
  return stored and stored:find('status%A+SUCCESS%A') ~= nil
end

-- A stored SUCCESS stays: Celery's own rule. It is looked for when a run begins, which the head keeps, and at an end.
local stays = head[17] == '1'
if meta ~= '' and not stays and entry.state ~= 'SUCCESS' and (begins or entry.final) then
  stays = has_succeeded()
end

local function store_result()
  if meta == '' or (stays and entry.state ~= 'SUCCESS') then
    return
  end
  local seconds = ttl
  if not seconds then
    -- Whose writer does not know better, lives as long as the journal.
    local left = optionally('read the expiry', 'PTTL', KEYS[2])
    seconds = left and math.ceil(left / 1000) or RESULT_LIFE
  end
  if seconds > 0 then
    redis.call('SET', KEYS[1], meta, 'EX', seconds)
  else
    redis.call('SET', KEYS[1], meta)
  end
  if is_heard(KEYS[1]) then
    optionally("publish Celery's result", PUBLISH_BY, KEYS[1], meta)
  end
end
