-- What a feed has: its rows, and how many tasks there are of each kind.
--
-- A feed is a journal whose records are the events of many tasks. Its head has, beside epoch, seq and life,
--   :id       of each task: the state that the feed knows. Of a group or a tree: `permille weight state`
--   numbers   all that is counted, packed (`NUMBERS`): to read and write each by itself would cost the server more
--             than anything else about a feed
--   canvas    of a group or a tree: what it has beside that (`CANVAS`)
-- As one hash they expire, and are evicted, together. Beside head and log a feed has
--   order     sorted set: each task id, scored with the number under which it came
--   ended     list: the ids of those that have ended, the first one first; an id may be there twice
-- All that is counted follows from what changes in a row. So nothing drifts where an event was not told.

-- Epoch (digits), seq, tasks that came, bytes of the log, and the counts. As Redis keeps a hash compact whose values
-- stay under 64 bytes, so do these.
local NUMBERS = '<c13I6I6I4I4I4I4I4I4I4I4I4'

-- A compact hash is small, but Redis looks through all of it for a row. What stands behind the numbers of a feed with
-- more than `COMPACT_ROWS` tasks makes them longer than that: from then on each row is found at once.
local LONGER = '        '

-- Of all tasks together the weight, and the parts: of each its weight times its permille. Of a group its size and 1,
-- as far as its sender has said it, and how many its members have added. Tasks that failed and whose errbacks are not
-- sent yet. Whether the first sender of a tree has sent all (a task that begins one has); whether the newest record is
-- final.
local CANVAS = '<I6I6I4I4I4I1I1'
