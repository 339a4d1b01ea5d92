-- The newest event with a task's state; nil where the journal is gone.

local picture

if CANVASES then
  function picture(id, prefix)
    local names = '{' .. prefix .. id .. '}'
    local head = redis.call('HMGET', names .. ':head', 'seq', 'snapshot', 'picture')
    if not head[1] or head[3] then
      return head[3]
    end
    local first = tonumber(head[1]) - redis.call('LLEN', names .. ':log') + 1
    return redis.call('LINDEX', names .. ':log', tonumber(head[2]) - first)
  end
end
