"""The rules of counting, without a gateway."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbeam.follow.event import Event
from taskbeam.follow.hub import Hub
from taskbeam.follow.missing import MissingJournals
from taskbeam.journal.appender import JournalAppender
from taskbeam.journal.control_keys import ONE_SERVER
from taskbeam.journal.events import EventId
from taskbeam.journal.keys import CELERY_PREFIX, JournalNames, TaskKeys
from taskbeam.measures.follow_counts import FollowCounts, said_at
from taskbeam.measures.histogram import Histogram
from taskbeam.measures.names import OTHERS, CountByName
from taskbeam.presence.watchdog import Swept, Watchdog
from taskbeam.queues.audience import Audience

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from taskbeam.follow.outputs import End
    from taskbeam.journal.reader import JournalReader

TS = '"ts":1763800000.500000,'


@given(st.lists(st.floats(0, 20)))
def test_a_histogram_has_each_value_in_every_bucket_that_is_large_enough(values: list[float]) -> None:
    histogram = Histogram((0.5, 1, 10))
    for value in values:
        histogram.observe(value)
    counted = [(bound, sum(value <= bound for value in values)) for bound in (0.5, 1, 10, float("inf"))]
    assert histogram.buckets() == counted
    assert histogram.sum == pytest.approx(sum(values))


@given(st.text(), st.text())
def test_when_an_event_was_written_is_read_behind_whatever_a_task_is_called(name: str, text: str) -> None:
    written = json.dumps(text + TS)
    body = f'{{"name":{json.dumps(name + TS)},"output":{{"text":{written}}},{TS}"data":{{"ts":7,"x":1}}}}'
    assert said_at(body.encode()) == 1763800000.5


@pytest.mark.parametrize("body", [b'{"rollup":{}}', b'{"ts":"now","x":1}', b'{"ts":1', b""])
def test_what_does_not_say_when_it_was_written_has_no_latency(body: bytes) -> None:
    assert said_at(body) is None


def test_a_clock_that_is_ahead_makes_no_negative_latency() -> None:
    counts = FollowCounts(latency=Histogram())
    counts.delivered([Event(None, b'{"ts":99999999999.0,"x":1}')])
    assert counts.latency is not None
    assert counts.latency.sum == 0


def test_names_are_bounded() -> None:
    counts = CountByName(2)
    for name in ("a", "b", "c", "a", "d"):
        counts.add(name)
    assert dict(counts.items()) == {"a": 2, "b": 1, OTHERS: 2}


class Nobody:
    """A client that looks away."""

    def deliver(self, events: Sequence[Event]) -> None:
        """Nothing is read here."""

    def finish(self, end: End) -> None:
        """Nor does anything end."""


def test_whoever_waits_for_a_slow_client_follows_no_more() -> None:
    hub = Hub(
        cast("JournalReader", None), Audience(), MissingJournals(0), JournalNames(CELERY_PREFIX, TaskKeys)
    )
    follower, other = (hub.follow("7", EventId(1, 1), Nobody()) for _ in range(2))
    seen = []
    for step in (
        follower.pause,
        follower.resume,
        follower.pause,
        follower.cancel,
        follower.cancel,
        other.cancel,
    ):
        step()
        seen.append((hub.counts.subscriptions, hub.counts.paused, hub.counts.pauses))
    assert seen == [(1, 1, 1), (2, 0, 1), (1, 1, 2), (1, 0, 2), (1, 0, 2), (0, 0, 2)]


class Found(Watchdog):
    """Finds the same at each look."""

    async def _sweep(self) -> Swept:
        return Swept(3, 2, 1)


def test_what_a_watchdog_finds_adds_up() -> None:
    counts: Counter[str] = Counter()
    redis = cast("Redis", None)
    watchdog = Found(redis, JournalAppender(redis), ONE_SERVER, TaskKeys, 600, lease=10, found=counts)
    for _ in range(2):
        asyncio.run(watchdog.sweep())
    assert counts == {"stalled": 6, "recovered": 4, "lost": 2}
