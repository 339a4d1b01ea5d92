-- A run on a cluster is over: strike it off, unless another run of the task has been registered since.
-- KEYS  1 the worker's runs  2 the run of the task that was over last  3 4 of the news  5 6 of the mark
--       7… what learns how long it took: its task's times, and its queue's tickets
-- ARGV  1 the task  2 the run's row; '' = any run's  3 seconds that it took, with more than six keys
--       4 the end, where it may be due to be told  5 '1' = somebody asked for this task  6 its owner, or ''

local is_news = ARGV[2] == '' or redis.call('GET', KEYS[2]) ~= ARGV[2]
if is_news then
  for place = 7, #KEYS do
    learn(KEYS[place], tonumber(ARGV[3]))
  end
end
if ARGV[2] ~= '' then
  redis.call('SET', KEYS[2], ARGV[2], 'EX', SAID_AGAIN)
end
local row = redis.call('HGET', KEYS[1], ARGV[1])
if row and (ARGV[2] == '' or row == ARGV[2]) then
  redis.call('HDEL', KEYS[1], ARGV[1])
end
tell_news(ARGV[1])
if is_news then
  mark(ARGV[4], ARGV[5], ARGV[6])
end
