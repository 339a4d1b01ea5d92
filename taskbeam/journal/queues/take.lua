-- A task takes a ticket of a queue of a cluster.
-- KEYS  1 tickets    Returns its number.

local number = redis.call('HINCRBY', KEYS[1], 'sent', 1)
redis.call('EXPIRE', KEYS[1], 7 * 24 * 3600)
return number
