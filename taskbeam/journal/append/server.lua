-- In which life of the server something was written. It may go back: Redis restarts from an older snapshot, or a replica
-- that is behind is promoted. Then the next event begins a new epoch, so that no id is given twice.
--
-- A life is named by the server, and by the history that its data have: of each the first eight digits. Redis takes a
-- new history when it is promoted, and remembers the one before, which its data continue. What names the server is its
-- process, or, in a cluster, the server's own name there, which it keeps over restarts.
--
-- The part before this one has the `life` as somebody knows it; nil = nobody does.

-- What stands for a life where it cannot be read; then nothing is compared.
local NO_LIFE = '-'

-- What the server says: its name, its history, the one that this goes on from, and whether it is in a cluster.
local asked

local function ask_server()
  if not asked then
    local server = optionally('read the run id', 'INFO', 'server') or ''
    local history = optionally('read the replication id', 'INFO', 'replication') or ''
    local name = server:match('run_id:(%x%x%x%x%x%x%x%x)')
    local clustered = server:find('_mode:cluster', 1, true)
    if clustered then
      name = (optionally("read the server's name", 'CLUSTER', 'MYID') or ''):match('^%x%x%x%x%x%x%x%x')
    end
    local now = history:match('master_replid:(%x%x%x%x%x%x%x%x)')
    local before = history:match('master_replid2:(%x%x%x%x%x%x%x%x)') or now
    asked = { name = name, now = now, before = before, clustered = clustered }
    life = name and now and name .. now or NO_LIFE
  end
  return asked
end

-- Whether a server of the cluster, named by eight digits, has had its slots all the time, as far as can be known: it is
-- a master, and has not failed. What such a one has written came from it by the move of a slot. A server that has been
-- replaced, or that nobody knows any more, may have written what its replica never got, whoever has the slot by now.
local function stayed_master(name)
  for line in (optionally('read who is in the cluster', 'CLUSTER', 'NODES') or ''):gmatch('[^\n]+') do
    local flags, slots = line:match('^' .. name .. '%x* %S+ (%S+) %S+ %S+ %S+ %S+ %S+(.*)$')
    if flags then
      return flags:find('master', 1, true) and (slots ~= '' or not flags:find('fail', 1, true))
    end
  end
  return false
end

-- Whether what was `written` in a life may go on otherwise than its readers know.
local function is_another(written)
  if not written or written == NO_LIFE or life == NO_LIFE or written == life then
    return false
  end
  local server = ask_server()
  if life == NO_LIFE or written == life or written == server.name .. server.before then
    return false
  end
  local name, history = written:sub(1, 8), written:sub(9)
  local followed = name == server.name or history == server.now or history == server.before
  return followed or not server.clustered or not stayed_master(name)
end

-- Ids of an earlier epoch are all smaller.
local function epoch_after(last)
  local now = redis.call('TIME')
  return string.format('%.0f', math.max(now[1] * 1000 + math.floor(now[2] / 1000), (tonumber(last) or 0) + 1))
end
