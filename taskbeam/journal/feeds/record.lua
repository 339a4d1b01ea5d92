-- Numbered records of a feed: a transition, or how its tasks stand.

-- Where the server has begun another life the numbers go on in a new epoch, as those of a task do. Returns whether the
-- head does not say so yet.
local function live_on(feed)
  if not life then
    ask_server()
  end
  if is_another(feed.life) then
    feed.epoch = epoch_after(feed.epoch)
  end
  return feed.life ~= life
end

-- What it says comes in two parts, for the second one may be large. More fields of the head may come with it.
local function number_record(feed, said, event, ...)
  local over, in_another_life = feed.ends and is_over(feed), live_on(feed)
  feed.seq = feed.seq + 1
  local number = string.format('%s-%d', feed.epoch, feed.seq)
  local told = number .. (over and ' 1 ' or ' 0 ') .. '{"id":"' .. number .. '","feed":' .. cjson.encode(feed.name)
    .. said .. event .. ',"rollup":' .. rollup(feed) .. '}'
  feed.bytes, feed.over = feed.bytes + #told, over and 1 or 0
  local length = redis.call('RPUSH', feed.base .. ':log', told)
  while length > 1 and (length > FEED_RECORDS or feed.bytes > FEED_BYTES) do
    feed.bytes, length = feed.bytes - #redis.call('LPOP', feed.base .. ':log'), length - 1
  end
  if in_another_life then
    keep_feed(feed, 'seq', feed.seq, 'epoch', feed.epoch, 'life', life, ...)
    feed.life = life
  else
    keep_feed(feed, 'seq', feed.seq, ...)
  end
  if is_heard(feed.base .. ':live') then
    redis.call(PUBLISH_BY, feed.base .. ':live', told)
  end
end

-- The task's row changes to `row`. Returns whether one of the feed's keys begins, so that it does not live yet for as
-- long as the others.
local function record_task(feed, id, before, row, event)
  local anew = false
  if before then
    count(feed, before, -1)
  else
    anew = feed.total == 0
    feed.came = feed.came + 1
    redis.call('ZADD', feed.base .. ':order', feed.came, id)
  end
  count(feed, row, 1)
  if feed.done[read_row(feed, row)] then
    anew = redis.call('RPUSH', feed.base .. ':ended', id) == 1 or anew
  end
  if feed.tree and feed.name == 'tree:' .. id then
    feed.sealed = 1
  end
  number_record(feed, ',"type":"task","event":', event, ':' .. id, row)
  return anew
end
