-- What a sender knows of a group as a whole, and of the tree that is called by it.

local function note_size(feed, size, added, sealed, life)
  -- Of a group that is not sealed the members are told before its size.
  if (feed.epoch or sealed) and ((size and size + 1 ~= feed.size) or added > 0) then
    local born = begin_feed(feed)
    if size then
      feed.size = size + 1
    end
    feed.added = feed.added + added
    record_rollup(feed)
    outlive(feed.base, life, born, born)
  end
end

-- What nobody had sent before a group is called by it.
local function seal_tree(tree)
  if tree.epoch and tree.sealed ~= 1 then
    tree.sealed = 1
    if is_over(tree) then
      record_rollup(tree)
    else
      keep_feed(tree)
    end
  end
end
