-- A task takes a ticket of a queue of a cluster.
-- KEYS  1 tickets    ARGV  1 the task    Returns the ticket's number.

local number = redis.call('HINCRBY', KEYS[1], 'sent', 1)
redis.call('EXPIRE', KEYS[1], 7 * 24 * 3600)
tell_news(ARGV[1])
return number
