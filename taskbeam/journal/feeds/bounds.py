"""How much a feed keeps. Its list has the tasks all the same, so a log is only for who was away a while."""

from __future__ import annotations

#: Tasks of a feed. Where there are more, those that ended first are dropped.
FEED_TASKS = 1000

#: Rows up to which a feed's hash stays compact (`packed.lua`).
COMPACT_ROWS = 64

#: Each time that so many more have come, it is looked whether the journals of the oldest are gone.
LOOK_EVERY = 32

#: Tasks of a group or a tree that have ended, and whose rows are kept. All are counted.
CANVAS_TASKS = 20_000

#: Tasks without a row of which a feed on a cluster remembers how far it was told: less than a megabyte.
DROPPED_TASKS = 5000

#: Seconds that a feed lives at the least after a task has come to it: one that waits, or is silent, stays in
#: it for longer than its result is to live.
FEED_LIFE = 24 * 3600

#: Records of its log, and the bytes of them.
FEED_RECORDS = 10_000
FEED_BYTES = 4 * 1024 * 1024

#: Open tasks of whose newest events a stream that goes live is told, and the bytes of those events, but for
#: the first. Redis does nothing else while it looks, and all clients of a gateway may come at once.
STANDING_TASKS = 300
STANDING_BYTES = 512 * 1024

#: Tasks that one page of a list looks at, to find those that are wanted.
MOST_LOOKED = 2000
