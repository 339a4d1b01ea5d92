-- A task takes a ticket of a queue of a cluster.
-- KEYS  1 tickets  2 what its sender has taken last  3 4 of the news
-- ARGV  1 the task  2 the sender's number of this call: with the same one it is given the same ticket
-- Returns the ticket's number.

local asked, ticket = (redis.call('GET', KEYS[2]) or ''):match('^(%d+) (%d+)$')
if asked == ARGV[2] then
  return tonumber(ticket)
end
ticket = redis.call('HINCRBY', KEYS[1], 'sent', 1)
redis.call('EXPIRE', KEYS[1], 7 * 24 * 3600)
redis.call('SET', KEYS[2], string.format('%s %d', ARGV[2], ticket), 'EX', SAID_AGAIN)
tell_news(ARGV[1])
return ticket
