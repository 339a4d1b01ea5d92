-- The errbacks of a task that has failed are sent: its head no longer says that they are to come.
--
-- KEYS  1 head of the task

return redis.call('HDEL', KEYS[1], 'holds')
