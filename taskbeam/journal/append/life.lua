-- Which life of the server wrote last. A journal may go back: Redis restarts from an older snapshot, or a replica
-- that is behind is promoted. Then its next event begins a new epoch, so that no id is given twice.

-- What stands for a life where it cannot be read; then nothing is compared.
local NO_LIFE = '-'

-- A life is named by the server, and by the history that its data have: of each the first eight digits. Redis takes a
-- new history when it is promoted, and remembers the one before, which its data continue. What names the server is its
-- process, or, in a cluster, the server's own name there, which it keeps over restarts.
--
-- Returns that name, the one under which this server went on when it was promoted, and whether what another life has
-- written came here by the move of its slot: this server has never followed the one that wrote it.
local function server_lives()
  local server = optionally('read the run id', 'INFO', 'server') or ''
  local history = optionally('read the replication id', 'INFO', 'replication') or ''
  local name = server:match('run_id:(%x%x%x%x%x%x%x%x)')
  local clustered = server:find('_mode:cluster', 1, true)
  if clustered then
    name = (optionally("read the server's name", 'CLUSTER', 'MYID') or ''):match('^%x%x%x%x%x%x%x%x')
  end
  local now = history:match('master_replid:(%x%x%x%x%x%x%x%x)')
  local before = history:match('master_replid2:(%x%x%x%x%x%x%x%x)') or now
  if not name or not now then
    return NO_LIFE, NO_LIFE, false
  end
  local theirs = (written or ''):sub(9)
  local moved = clustered and written and written:sub(1, 8) ~= name and theirs ~= now and theirs ~= before
  return name .. now, name .. before, moved
end

-- A writer knows the life from the first answer over its connection. Where the head knows another, ask the server.
local another_life = false
local compared = written and written ~= NO_LIFE and life ~= NO_LIFE
if not life or (compared and written ~= life) then
  local continued, moved
  life, continued, moved = server_lives()
  another_life = compared and life ~= NO_LIFE and written ~= life and written ~= continued and not moved
end

-- Ids of an earlier life, kept or expired, are all smaller.
local function next_epoch()
  local now, last = redis.call('TIME'), epoch
  if not last then
    last = (optionally('read the tombstone', 'GET', KEYS[4]) or '0'):match('^%d+')
  end
  return string.format('%.0f', math.max(now[1] * 1000 + math.floor(now[2] / 1000), (tonumber(last) or 0) + 1))
end
