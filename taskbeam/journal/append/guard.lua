-- Who may write, and when.

-- Whether the entry may be appended, and whether it begins the journal anew.
local function admit()
  if not epoch then
    return not entry.only, true
  end
  if entry.after and entry.after ~= seq then
    return false
  end
  if entry.only == 'queued' then
    return not ended and current == '', false
  elseif entry.only == 'waiting' then
    return not ended and waited, false
  elseif entry.only == 'open' then
    return not ended, false
  elseif entry.only == 'running' then
    return not ended and run == current, false
  elseif entry.only == 'stalled' then
    return stalled and run == current, false
  elseif entry.birth and entry.waiting then
    -- Told before, by another message that has it to follow.
    return false
  elseif entry.birth and waited and not ended then
    return true, false
  elseif entry.birth then
    -- A task that is sent again under the id of one that has ended; one that was revoked while it waited
    -- is sent all the same, but no worker runs it.
    return ended and state ~= 'SUCCESS' and not (waited and state == 'REVOKED'), true
  elseif not ended then
    -- What a run says after its end (RETRY, put back, replaced), and tells no state, is its own until the next one.
    return not over or entry.state == 'SUCCESS' or (current == '' and not entry.state), false
  elseif state == 'SUCCESS' then
    -- The first SUCCESS stays: Celery's own rule.
    return false
  elseif state == 'LOST' then
    -- The watchdog was wrong: the run speaks again.
    return true, true
  end
  -- After another end only a new run may speak, or a superseded one that succeeds after all.
  return (run ~= '' and not known) or (over and entry.state == 'SUCCESS'), true
end

-- The run that begins is not to run: the task was revoked, or is asked to stop. An end is told all the same, for then
-- the run is over.
local unwanted = (ended and state == 'REVOKED') or (cancel == '1' and (not ended or state == 'LOST'))
if unwanted and begins and not (entry.final or entry.ends_run) then
  cancel = '1'
  return answer('revoked')
end

-- Others than the run say that the task is over, or ask it to stop, and Celery's result says SUCCESS: a worker ran it
-- that knows no journal.
local ends = entry.final and entry.state ~= 'SUCCESS' and (run == '' or entry.only)
if (ends or entry.cancel) and state ~= 'SUCCESS' and (stays or has_succeeded()) then
  return answer('refused')
end

local admitted, reborn = admit()
if not admitted then
  if ended and (state == 'IGNORED' or state == 'REJECTED' or waited) then
    -- Ends that only we know; what Celery stores after them is its own.
    store_result()
  end
  return answer('refused')
end

-- Its writer did not wait for the answer to the entry before, and that one was not taken (NOSCRIPT, OOM and others
-- may hit any one of several): both come again, in their order.
if entry.behind and (tonumber(number) or 0) < entry.behind then
  return answer('early')
end
