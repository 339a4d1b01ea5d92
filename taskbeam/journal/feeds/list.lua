-- List a feed's tasks, the newest first, with the newest event of each that tells its state, in one consistent look.
--
-- KEYS  1 head of the feed
-- ARGV  1 name     of the feed
--       2 prefix   before a task's id in the key of its result
--       3 before   list what came before this number; '' = from the newest
--       4 limit    tasks to return at the most
--       5 bytes    of events to return at the most, but for the first
--       and the states that are wanted, of which `open` is every one that is not final; none = all
--
-- Returns { epoch, seq, rollup, next, events… }: the cursor to follow the feed from, and the number before which the
-- list goes on, '' at its end. A page may have fewer tasks than there is room for. Tasks whose journals are gone are
-- not in it; a feed that does not end drops them.

local prefix, before = ARGV[2], ARGV[3]
local limit, room = tonumber(ARGV[4]), tonumber(ARGV[5])
local feed, wanted, all = read_feed(ARGV[1], prefix), {}, #ARGV == 5
local base = feed.base
for index = 6, #ARGV do
  wanted[ARGV[index]] = true
end

local events, looked, total, full = {}, 0, feed.total, false
local upper = before == '' and '+inf' or '(' .. before
while not full and #events < limit and looked < MOST_LOOKED do
  local piece = redis.call('ZREVRANGEBYSCORE', base .. ':order', upper, '-inf', 'WITHSCORES', 'LIMIT', 0, 50)
  if #piece == 0 then
    before = ''
    break
  end
  for index = 1, #piece, 2 do
    local id, number = piece[index], piece[index + 1]
    local row = redis.call('HGET', base .. ':head', ':' .. id)
    local known = read_row(feed, row)
    if row and (all or wanted[known] or (wanted.open and not feed.done[known])) then
      local event = picture(id, prefix)
      if not event then
        if not feed.ends then
          count(feed, row, -1)
          redis.call('HDEL', base .. ':head', ':' .. id)
          redis.call('ZREM', base .. ':order', id)
        end
      else
        room = room - #event
        if #events == limit or (room < 0 and #events > 0) then
          full = true
          break
        end
        events[#events + 1] = event
      end
    end
    before, upper, looked = number, '(' .. number, looked + 1
  end
end
if feed.total ~= total then
  keep_feed(feed)
end
return { feed.epoch or '0', feed.seq, rollup(feed), before, unpack(events) }
