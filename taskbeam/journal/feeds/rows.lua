-- What follows from a change of a row: a feed knows the state of each of its tasks.

local function count(feed, row, by)
  local known, permille, weight = read_row(feed, row)
  if feed.done[known] then
    feed.done[known] = feed.done[known] + by
  else
    local bucket = known == 'PENDING' and 'waiting' or 'running'
    feed[bucket] = feed[bucket] + by
  end
  feed.total = feed.total + by
  if weight then
    feed.weight, feed.parts = feed.weight + by * weight, feed.parts + by * weight * permille
  end
end

-- How the tasks stand, as JSON.
local function rollup(feed)
  local done = ''
  for state, number in pairs(feed.done) do
    if number > 0 then
      done = string.format('%s%s"%s":%d', done, done == '' and '' or ',', state, number)
    end
  end
  return string.format('{"total":%d,"open":%d,"waiting":%d,"done":{%s}%s}',
    feed.total, feed.waiting + feed.running, feed.waiting, done, feed.ends and progress(feed) or '')
end
