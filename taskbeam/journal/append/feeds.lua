-- Which feeds the task has, from the labels that it has had since its birth. Most tasks have none.

local owner, tags, groups, tree = head[19], head[20], head[22], head[23]
if reborn or entry.birth then
  owner, tags, groups, tree = labels.owner, labels.tags, labels.group, labels.tree
end

-- Nor has a Redis Cluster any: they hash to other slots than the task. Text is read in the task's own stream alone.
if not (owner or tags or groups or tree) or text or entry.publish ~= 'PUBLISH' then
  return answer('appended')
end

-- Of those behind so many (`endless`) each has an end.
local names, endless = {}, 0
if owner then
  names[1] = 'owner:' .. owner
end
for tag in (tags or ''):gmatch('[^\n]+') do
  names[#names + 1] = 'tag:' .. tag
end
endless = #names
for group in (groups or ''):gmatch('[^\n]+') do
  names[#names + 1] = 'group:' .. group
end
if tree then
  names[#names + 1] = 'tree:' .. tree
end
