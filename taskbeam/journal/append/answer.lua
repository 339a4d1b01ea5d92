-- What the script answers.

local function answer(verdict)
  return { verdict, epoch or '0', seq, cancel, unmet(), life, unpack(failed) }
end
