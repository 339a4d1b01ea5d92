-- On a cluster a task's feeds have other slots than the task, so this script cannot tell them: its answer says what
-- is owed to them, and whoever wrote tells them by a call of its own.

-- The task's owner, tags, groups and tree, as the head has them, or its birth says them. What is owed: these, and of an
-- event that was appended just now { record, id of the transition before it, state, permille, weight, holds, life }.
-- Without an event the task's journal says it.
local fed = { head[19] or '', head[20] or '', head[22] or '', head[23] or '' }

local function is_fed()
  return table.concat(fed, '', 1, 4) ~= ''
end

-- Who asks again has heard nothing of the place that the task has left; whoever is told of it twice knows.
local function repeat_place()
  local ticket = (run ~= '' or ended) and optionally('read the place in the queue', 'HGET', KEYS[2], 'ticket')
  if ticket then
    failed[#failed + 1] = LEFT .. (runs == '' and 'e ' or 'b ') .. ticket
  end
end

-- An end may be due to be told: who asked for that stands in another slot, too. What a run says after its end, or
-- somebody of a run that is over, finds out whether it is told; its sender notes that in the head.
local function may_be_due(verdict)
  if not ended or verdict == 'early' then
    return false
  elseif verdict == 'appended' then
    return true
  end
  return (run ~= '' or (verdict == 'repeated' and entry.final)) and redis.call('HGET', KEYS[2], 'told') ~= epoch
end

local function answer(verdict)
  if verdict == 'repeated' then
    repeat_place()
  end
  -- A writer that died may have told nobody; who comes next asks the journal.
  local owes = is_fed() and verdict ~= 'early' and (verdict ~= 'appended' or fed[5]) and fed
  if may_be_due(verdict) then
    local last = verdict == 'appended' and seq or head[2]
    failed[#failed + 1] = DUE .. epoch .. '-' .. last .. (head[24] and ' 1 ' or ' 0 ') .. fed[1]
  end
  return { verdict, epoch or '0', seq, cancel, unmet(), life, owes or {}, unpack(failed) }
end
