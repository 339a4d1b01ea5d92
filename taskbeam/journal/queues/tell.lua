-- Something else begins or ends a task on a cluster than a run.
-- KEYS  1 the news    ARGV  1 the task

tell_news(ARGV[1])
