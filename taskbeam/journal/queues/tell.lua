-- Something else begins or ends a task on a cluster than a run.
-- KEYS  1 2 of the news  3 4 of the mark
-- ARGV  1 the task  2 the end, where it may be due to be told  3 '1' = somebody asked for this task  4 its owner, or ''

tell_news(ARGV[1])
mark(ARGV[2], ARGV[3], ARGV[4])
