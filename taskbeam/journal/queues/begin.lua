-- A run on a cluster is about to begin, unless it is over: its end may have come first, over another connection.
-- KEYS  1 the worker's runs  2 the run of the task that was over last  3 4 of the news    ARGV  1 the task  2 the run's row

if redis.call('GET', KEYS[2]) ~= ARGV[2] then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  tell_news(ARGV[1])
end
