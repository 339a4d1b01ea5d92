-- The feed of this name, for those who do not look at one of its tasks at the same time.

local function read_feed(name, prefix)
  local base = '{' .. FEED .. prefix .. name .. '}'
  return feed_of(name, base, unpack(redis.call('HMGET', base .. ':head', 'numbers', 'canvas', 'life')))
end
