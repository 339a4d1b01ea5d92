-- Places in queues, and how long tasks run. All of it is optional.
--
-- A task that is sent takes a ticket of its queue. `started` is the highest ticket whose run has begun. A
-- broker delivers in order, so whatever comes before it has gone: begun, purged, or lost. Nothing has to be
-- counted down, so nothing drifts. Only tickets behind it that were withdrawn (cancelled, expired) are kept.
--
-- On a cluster queues have another slot than the task. The ticket was taken before, and is kept here; who leaves the
-- queue is told so, and passes it on.

if entry.queue then
  try('take a place in the queue', function()
    local tickets = entry.queue .. ':tickets'
    local number = redis.call('HINCRBY', tickets, 'sent', 1)
    redis.call('EXPIRE', tickets, 7 * 24 * 3600)
    redis.call('HSET', KEYS[2], 'ticket', string.format('%d %s', number, entry.queue))
  end)
elseif entry.ticket then
  optionally('keep the place in the queue', 'HSET', KEYS[2], 'ticket', entry.ticket)
end

-- The task left its queue: a run of it began, or it ended before any did.
local leaves = queued and (begins or entry.final)

-- `number queue`; false = the task has none.
local ticket = (leaves or entry.ran) and optionally('read the place in the queue', 'HGET', KEYS[2], 'ticket')

-- A queue of a cluster begins with its hash tag.
if ticket and ticket:find('^%d+ {') then
  failed[#failed + 1] = LEFT .. (not leaves and '- ' or begins and 'b ' or 'e ') .. ticket
  ticket = false
end

local PLACES = ticket or entry.times
