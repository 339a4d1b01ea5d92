-- Whether anybody listens to a channel. Only on a cluster it is asked: there a server passes on to its replicas what it
-- publishes, also where nobody listens, and that costs it more than the look. Whoever listens does so at the slot's
-- master. Where it cannot be asked, somebody may.
local function is_heard(channel)
  if PUBLISH_BY == 'PUBLISH' then
    return true
  end
  local said = redis.pcall('PUBSUB', 'SHARDNUMSUB', channel)
  return said.err ~= nil or said[2] > 0
end
