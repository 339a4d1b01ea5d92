-- Tasks that a feed of a cluster has, the newest first, as far as the feed knows them.
--
-- KEYS  1 head   of the feed, and its other keys
-- ARGV  1 name   of the feed
--       2 before list what came before this number; '' = from the newest
--       3 limit  tasks to return at the most
--       and the states that are wanted, of which `open` is every one that is not final; none = all
--
-- Returns { epoch, seq, rollup, next, id, row, number, … }: the cursor to follow the feed from, and the number before
-- which the list goes on, '' at its end; and of each task when it came.

local before, limit, wanted, all = ARGV[2], tonumber(ARGV[3]), {}, #ARGV == 3
local base = KEYS[1]:sub(1, -6)
local feed = feed_of(ARGV[1], base, unpack(redis.call('HMGET', KEYS[1], 'numbers', 'canvas')))
for index = 4, #ARGV do
  wanted[ARGV[index]] = true
end

local found, looked, full = {}, 0, false
local upper = before == '' and '+inf' or '(' .. before
while not full and looked < MOST_LOOKED do
  local piece = redis.call('ZREVRANGEBYSCORE', base .. ':order', upper, '-inf', 'WITHSCORES', 'LIMIT', 0, 50)
  if #piece == 0 then
    before = ''
    break
  end
  for index = 1, #piece, 2 do
    local id, number = piece[index], piece[index + 1]
    local row = redis.call('HGET', KEYS[1], ':' .. id)
    local known = read_row(feed, row)
    if row and (all or wanted[known] or (wanted.open and not feed.done[known])) then
      if #found == 3 * limit then
        full = true
        break
      end
      found[#found + 1], found[#found + 2], found[#found + 3] = id, row, number
    end
    before, upper, looked = number, '(' .. number, looked + 1
  end
end
return { feed.epoch or '0', feed.seq, rollup(feed), before, unpack(found) }
