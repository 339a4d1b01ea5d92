-- An end becomes a message to each target; once, however many ask for it.
--
-- KEYS  1 due
-- ARGV  1 the end, 2 when it was due (ms), 3… the messages

if redis.call('ZREM', KEYS[1], ARGV[1]) == 1 then
  for index = 3, #ARGV do
    redis.call('ZADD', KEYS[1], 'NX', ARGV[2], ARGV[index])
  end
end
