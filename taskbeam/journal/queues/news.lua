-- Say to the dashboard of a cluster that a task has news; its journal, in another slot, says which. While no gateway
-- publishes, nobody pays for it. It is optional: what fails here costs nothing else.

local function tell_news(task)
  if redis.call('EXISTS', DASHBOARD) == 1 then
    redis.pcall('XADD', NEWS, 'MAXLEN', '~', NEWS_KEPT, '*', 'task', task)
  end
end
