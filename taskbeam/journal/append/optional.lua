-- What is optional: a statistic, a mark, an expiry. It never costs what is essential.

-- The steps that failed, and why: the writer's log tells it.
local failed = {}

local function note(step, why)
  failed[#failed + 1] = step .. ': ' .. tostring(type(why) == 'table' and why.err or why)
end

-- Give a command; returns what it does, or nil where it fails: the key has another type, the user may not.
local function optionally(step, ...)
  local result = redis.pcall(...)
  if type(result) ~= 'table' or not result.err then
    return result
  end
  note(step, result)
end

-- The same for a step of several commands, or one that reckons with what it reads.
local function try(step, act, ...)
  local done, result = pcall(act, ...)
  if done then
    return result
  end
  note(step, result)
end
