-- The groups that a task is a member of, as its journal has them: an id a line; nil where it has none.
--
-- KEYS  1 head of the task

return redis.call('HGET', KEYS[1], 'group')
