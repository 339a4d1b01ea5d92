-- A task has left a queue of a cluster: its head, which has the ticket, is in another slot.
-- KEYS  1 tickets  2 withdrawn  3 4 of the news    ARGV  1 the ticket's number  2 '1' = a run of the task begins  3 the task

leave_queue(KEYS[1], KEYS[2], ARGV[1], ARGV[2] == '1')
if ARGV[2] ~= '1' then
  tell_news(ARGV[3])
end
