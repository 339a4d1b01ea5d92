-- A run on a cluster is about to begin.
-- KEYS  1 the worker's runs    ARGV  1 the task  2 the run's row

redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
tell_news(ARGV[1])
