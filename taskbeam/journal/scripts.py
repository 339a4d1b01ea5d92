"""The Lua scripts, with the digests under which Redis remembers them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha1
from importlib.resources import files
from typing import TYPE_CHECKING, Self

from taskbeam.journal.control_keys import CLUSTER, ONE_SERVER
from taskbeam.journal.encode import to_json
from taskbeam.journal.entry import DUE, LEFT
from taskbeam.journal.feeds.bounds import (
    CANVAS_TASKS,
    COMPACT_ROWS,
    DROPPED_TASKS,
    FEED_BYTES,
    FEED_LIFE,
    FEED_RECORDS,
    FEED_TASKS,
    LOOK_EVERY,
    MOST_LOOKED,
    STANDING_BYTES,
    STANDING_TASKS,
)
from taskbeam.journal.feeds.names import FEED
from taskbeam.journal.limits import DEFAULT_KEEP, DEFAULT_LIMIT, DEFAULT_LIMIT_BYTES, OPEN_EXPIRES

if TYPE_CHECKING:
    from taskbeam.journal.keys import TaskKeys

#: The name of a constant, in Lua. One pattern for all: every process of a worker loads the scripts.
_CONSTANT = re.compile(r"\b[A-Z][A-Z_]+\b")


@dataclass(frozen=True, slots=True)
class Script:
    """``text`` is sent once to a server that does not know ``digest`` yet (``NOSCRIPT``)."""

    text: bytes
    digest: str

    @classmethod
    def of(cls, text: str) -> Self:
        """One of this text."""
        encoded = text.encode()
        return cls(encoded, sha1(encoded, usedforsecurity=False).hexdigest())


def _load(*parts: str, **constants: int | str) -> Script:
    """``constants`` take the place of their names. As locals they would cost each function that uses one."""
    values = {name: to_json(value) for name, value in constants.items()}
    text = "".join(files(__package__).joinpath(part).read_text("utf-8") for part in parts)
    return Script.of(_CONSTANT.sub(lambda found: values.get(found[0], found[0]), text))


#: Characters of the calls that a head remembers: Redis keeps a hash compact whose values stay under 64 bytes.
REMEMBERED = 60

#: Writers (threads that report on one task) that it remembers all the same.
MOST_WRITERS = 16

#: Milliseconds from an end to the first message about it: a tab that is open tells its user first.
NOTIFY_GRACE = 5000

#: Ends and messages that may be due: some 100 MB, if nobody tells them.
NOTIFY_MOST = 500_000

#: News that wait for the gateway that publishes the dashboard: of some 10 s of a busy cluster, some MB.
NEWS_KEPT = 50_000

#: Seconds after which nothing is said again of runs and tickets to the slot of what belongs to no task.
SAID_AGAIN = 60

#: What numbers the records of a feed, and what it is told. The append script itself sets `CANVASES`.
_COUNT = ("feeds/canvas.lua", "feeds/row.lua", "feeds/rows.lua")
_RECORD = (*_COUNT, "feeds/begin.lua", "feeds/record.lua", "feeds/picture.lua", "feeds/plant.lua")
#: What a look at a feed needs.
_LOOK_AT_FEED = (
    "feeds/packed.lua",
    "feeds/numbers.lua",
    "feeds/read_feed.lua",
    *_COUNT,
)
#: What a script has that writes to a feed, and to nothing else.
_LIFE = ("feeds/life.lua", "append/optional.lua", "append/server.lua", "append/listeners.lua")
_FEED = (
    *_LIFE,
    "feeds/packed.lua",
    "feeds/numbers.lua",
    "feeds/outlive.lua",
    "feeds/read_feed.lua",
    *_RECORD,
)
_BOUNDS: dict[str, int | str] = {
    "COMPACT_ROWS": COMPACT_ROWS,
    "FEED": FEED,
    "FEED_RECORDS": FEED_RECORDS,
    "FEED_BYTES": FEED_BYTES,
    "FEED_LIFE": FEED_LIFE,
    "PUBLISH_BY": "PUBLISH",
    "GIVEN_LIFE": 0,
}
#: On a cluster each server publishes what it has to those who listen there, and to no other server.
_ON_A_CLUSTER = {"PUBLISH_BY": "SPUBLISH"}
_CLUSTER_BOUNDS = _BOUNDS | _ON_A_CLUSTER
#: What the append script is, wherever it runs: up to what is optional and belongs to more than the task.
_GUARD = (
    "append/server.lua",
    "append/life.lua",
    "append/listeners.lua",
    "append/repeats.lua",
    "append/result.lua",
    "append/guard.lua",
    "append/output.lua",
    "append/append.lua",
    "append/keep_output.lua",
    "append/queue.lua",
    "queues/places.lua",
    "append/leave_queue.lua",
    "append/upkeep.lua",
)
_APPEND_BOUNDS: dict[str, int | str] = {
    "DEFAULT_LIMIT": DEFAULT_LIMIT,
    "DEFAULT_LIMIT_BYTES": DEFAULT_LIMIT_BYTES,
    "DEFAULT_KEEP": DEFAULT_KEEP,
    "OPEN_EXPIRES": OPEN_EXPIRES,
    "REMEMBERED": REMEMBERED,
    "MOST_WRITERS": MOST_WRITERS,
    "LEFT": LEFT,
    "DUE": DUE,
}

#: The parts are one chunk of Lua, in this order: each sees the locals of those before it.
APPEND = _load(
    "append/entry.lua",
    "append/dependents.lua",
    "append/optional.lua",
    "append/answer.lua",
    *_GUARD,
    "append/mark.lua",
    "append/feeds.lua",
    "feeds/packed.lua",
    "feeds/outlive.lua",
    "append/tell_endless.lua",
    "append/look_at_feeds.lua",
    "feeds/numbers.lua",
    *_RECORD,
    "append/make_room.lua",
    "append/tell_canvas.lua",
    "append/tell_feeds.lua",
    SEES_TASKS=True,
    FEED_TASKS=FEED_TASKS,
    LOOK_EVERY=LOOK_EVERY,
    CANVAS_TASKS=CANVAS_TASKS,
    NOTIFY_ASKED=ONE_SERVER.notify_asked,
    NOTIFY_DUE=ONE_SERVER.notify_due,
    NOTIFY_GRACE=NOTIFY_GRACE,
    NOTIFY_MOST=NOTIFY_MOST,
    **_APPEND_BOUNDS,
    **_BOUNDS,
)
#: On a cluster: it answers what is owed to the task's feeds, which are elsewhere.
CLUSTER_APPEND = _load(
    "append/entry.lua",
    "append/dependents.lua",
    "append/optional.lua",
    "append/owes.lua",
    *_GUARD,
    "append/owed.lua",
    **_APPEND_BOUNDS | _ON_A_CLUSTER,
)


def append_script(keys: TaskKeys) -> Script:
    """What appends to a task's journal."""
    return APPEND if keys.beside_control else CLUSTER_APPEND


#: What a cluster keeps in the slot of what belongs to no task, beside the journals.
_PLACES_AND_NEWS = ("queues/places.lua", "queues/news.lua")
_NEWS: dict[str, int | str] = {"DASHBOARD": CLUSTER.dashboard, "NEWS": CLUSTER.news, "NEWS_KEPT": NEWS_KEPT}
_ONCE: dict[str, int | str] = _NEWS | {"SAID_AGAIN": SAID_AGAIN}
_MARKS: dict[str, int | str] = {
    "NOTIFY_ASKED": CLUSTER.notify_asked,
    "NOTIFY_DUE": CLUSTER.notify_due,
    "NOTIFY_GRACE": NOTIFY_GRACE,
    "NOTIFY_MOST": NOTIFY_MOST,
}
TAKE_TICKET = _load("queues/news.lua", "queues/take.lua", **_ONCE)
LEAVE_QUEUE = _load(*_PLACES_AND_NEWS, "queues/leave.lua", PLACES=True, **_NEWS)
BEGIN_RUN = _load("queues/news.lua", "queues/begin.lua", **_NEWS)
END_RUN = _load(*_PLACES_AND_NEWS, "queues/mark.lua", "queues/end.lua", PLACES=True, **_ONCE, **_MARKS)
TELL_NEWS = _load("queues/news.lua", "queues/mark.lua", "queues/tell.lua", **_NEWS, **_MARKS)
READ = _load("read.lua", WORKERS=ONE_SERVER.workers, RUNS=ONE_SERVER.runs(""), STANDING=False)
#: The same of a feed, and where its open tasks stand.
READ_FEED = _load(
    *_LOOK_AT_FEED,
    "feeds/standing.lua",
    "read.lua",
    WORKERS=ONE_SERVER.workers,
    RUNS=ONE_SERVER.runs(""),
    STANDING=True,
    FEED_TASKS=FEED_TASKS,
    STANDING_TASKS=STANDING_TASKS,
    STANDING_BYTES=STANDING_BYTES,
    CANVASES=True,
    **_BOUNDS,
)
POSITIONS = _load("positions.lua")
#: What a gateway hears of Celery's own results; see taskbeam/stock.
LOOK = _load("hear/look.lua")
HEAR = _load(
    "hear/heard.lua",
    "append/optional.lua",
    "append/answer.lua",
    "append/server.lua",
    "append/life.lua",
    "hear/hear.lua",
)
LIST_FEED = _load(
    *_LOOK_AT_FEED,
    "feeds/picture.lua",
    "feeds/list.lua",
    MOST_LOOKED=MOST_LOOKED,
    CANVASES=True,
    **_BOUNDS,
)
GROUP_SIZE = _load(*_FEED, "feeds/note_size.lua", "feeds/size.lua", CANVASES=True, **_BOUNDS)
RELEASE_TREE = _load(*_FEED, "feeds/release.lua", CANVASES=True, **_BOUNDS)
TREE_OF = _load(*_FEED, "feeds/tree.lua", CANVASES=True, **_BOUNDS)

#: What a feed of a cluster, and its tasks, are asked and told one by one.
_CLUSTER_ROWS = (
    "feeds/packed.lua",
    "feeds/numbers.lua",
    "feeds/canvas.lua",
    "feeds/cluster/row.lua",
    "feeds/rows.lua",
)
_CLUSTER_RECORD = (*_LIFE, *_CLUSTER_ROWS, "feeds/outlive.lua", "feeds/begin.lua", "feeds/record.lua")
TELL_FEED = _load(
    *_CLUSTER_RECORD,
    "feeds/cluster/dropped.lua",
    "feeds/cluster/expiring.lua",
    "append/make_room.lua",
    "feeds/cluster/newer.lua",
    "feeds/cluster/tell.lua",
    CANVASES=True,
    SEES_TASKS=False,
    DROPPED_TASKS=DROPPED_TASKS,
    FEED_TASKS=FEED_TASKS,
    LOOK_EVERY=LOOK_EVERY,
    CANVAS_TASKS=CANVAS_TASKS,
    **_CLUSTER_BOUNDS | {"GIVEN_LIFE": 11},
)
TRANSITIONS = _load("feeds/cluster/newer.lua", "feeds/cluster/transitions.lua")
ROWS = _load(
    *_CLUSTER_ROWS, "feeds/cluster/rows.lua", MOST_LOOKED=MOST_LOOKED, CANVASES=True, **_CLUSTER_BOUNDS
)
FORGET_ROWS = _load(*_CLUSTER_ROWS, "feeds/cluster/forget.lua", CANVASES=True, **_CLUSTER_BOUNDS)
PICTURE = _load("feeds/cluster/picture.lua")

#: What a group and a tree of a cluster are told beside their tasks' events, and what those tasks know.
TELL_SIZE = _load(
    *_CLUSTER_RECORD,
    "feeds/plant.lua",
    "feeds/note_size.lua",
    "feeds/cluster/size.lua",
    CANVASES=True,
    **_CLUSTER_BOUNDS,
)
RELEASE = _load(
    *_CLUSTER_RECORD, "feeds/plant.lua", "feeds/cluster/release.lua", CANVASES=True, **_CLUSTER_BOUNDS
)
PLANT = _load("feeds/cluster/plant.lua")
FREE = _load("feeds/cluster/free.lua")
NAMED_GROUPS = _load("feeds/cluster/named.lua")
