"""Feeds without an end are told by a short way, append/tell_endless.lua. It writes what the long one does."""

from __future__ import annotations

import random
from hashlib import sha1
from typing import TYPE_CHECKING, Any

import pytest

from taskbeam.journal.events import FINAL_STATES
from taskbeam.journal.feeds.bounds import FEED_BYTES, FEED_RECORDS, FEED_TASKS
from taskbeam.journal.limits import Limits
from taskbeam.journal.scripts import APPEND, Script
from tests.support.redis_cluster import one_server

from .feed import PARTS, Feed
from .journal import Journal

if TYPE_CHECKING:
    import redis

    from taskbeam.journal.writer import Writer

SHORT = "try('tell the feed', tell_endless,"

#: Small enough for each to be met, and the same for both ways.
BOUNDS = {FEED_TASKS: 12, FEED_RECORDS: 40, FEED_BYTES: 16_000}

#: Of the same length, as both count the bytes of their logs.
OWNER, TAG = "by the short", "the long way's"

#: Bytes of the packed numbers that are the epoch: each feed has its own.
EPOCH = 13


@pytest.fixture
def both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tags go the long way, owners the short one."""
    text = APPEND.text.decode()
    assert text.count(SHORT) == 1
    text = text.replace(SHORT, f"name:find('^tag:') or {SHORT}")
    for bound, small in BOUNDS.items():
        text = text.replace(f"> {bound}", f"> {small}").replace(f">= {bound}", f">= {small}")
        text = text.replace(f"feed.total < {bound}", f"feed.total < {small}")
    digest = sha1(text.encode(), usedforsecurity=False).hexdigest()
    monkeypatch.setattr("taskbeam.journal.scripts.APPEND", Script(text.encode(), digest))


def live(task: Journal, chosen: random.Random) -> None:
    """Something that may happen to the task next; what the journal refuses happens in neither feed."""
    state = chosen.choice(["STARTED", "PROGRESS", "PROGRESS", "RETRY", "STALLED", *sorted(FINAL_STATES)])
    task.append(state, f"run-{chosen.randrange(2)}", "progress" if state == "PROGRESS" else "state")


def kept(feed: Feed) -> dict[str, Any]:
    """All that Redis has of a feed, without what two feeds cannot share."""
    numbers = feed.client.hget(feed.keys.head, "numbers")
    assert isinstance(numbers, bytes)
    records = [
        (each["id"].partition("-")[2], each["type"], each["event"], each["rollup"]) for each in feed.told
    ]
    return {
        "records": records,
        "rows": feed.rows,
        "numbers": numbers[EPOCH:],
        "seq": feed.client.hget(feed.keys.head, "seq"),
        "order": feed.client.zrange(feed.key("order"), 0, -1, withscores=True),
        "ended": feed.client.lrange(feed.key("ended"), 0, -1),
        "ends": [feed.client.expiretime(feed.key(part)) for part in PARTS],
    }


@one_server("feeds of a cluster are told by a script of their own")
@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("seed", range(3))
def test_both_ways_write_the_same(client: redis.Redis, writer: Writer, seed: int) -> None:
    chosen = random.Random(seed)
    owner, tag = f"{OWNER} {seed}", f"{TAG} {seed}"
    short, long = Feed(client, f"owner:{owner}"), Feed(client, f"tag:{tag}")
    assert len(short.name) == len(long.name)
    labels = {"owner": owner, "tags": tag}
    tasks: list[Journal] = []
    for _ in range(60):
        expires = chosen.choice([600, 200_000])
        tasks.append(Journal(client, writer, labels=labels, limits=Limits(expires=expires), name="naïve"))
        tasks[-1].send()
        for _ in range(chosen.randrange(5)):
            live(chosen.choice(tasks[-8:]), chosen)
        if chosen.random() < 0.1:
            lost = chosen.choice(tasks)
            client.delete(lost.keys.head, lost.keys.log)
        assert kept(short) == kept(long)
    assert short.records[0].id.seq > BOUNDS[FEED_TASKS], "the log was full"
