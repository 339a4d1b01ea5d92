-- Whether this is another life of the server than the one in which the journal was written last. A writer knows the life
-- from the first answer over its connection. Where the head knows another, the server is asked.

if not life then
  ask_server()
end
local another_life = is_another(written)

-- That of the journal, kept or expired.
local function next_epoch()
  return epoch_after(epoch or (optionally('read the tombstone', 'GET', KEYS[4]) or '0'):match('^%d+'))
end
