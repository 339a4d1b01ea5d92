-- Whether an event of a task is newer than another one; each by its id.
local function is_newer(id, other)
  local epoch, seq = id:match('^(%d+)%-(%d+)$')
  local other_epoch, other_seq = other:match('^(%d+)%-(%d+)$')
  epoch, other_epoch = tonumber(epoch), tonumber(other_epoch)
  return epoch > other_epoch or (epoch == other_epoch and tonumber(seq) > tonumber(other_seq))
end
