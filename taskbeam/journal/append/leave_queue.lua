-- Leave the queue, and learn how long the run took, where that is on the same server.

if ticket and leaves then
  local number, queue = ticket:match('^(%d+) (.+)$')
  try('leave the queue', leave_queue, queue .. ':tickets', queue .. ':withdrawn', number, begins)
end

if entry.times then
  if ticket then
    try('learn the run times of the queue', learn, ticket:match(' (.+)$') .. ':tickets', entry.ran)
  end
  try('learn the run times of the task', learn, entry.times, entry.ran)
end
