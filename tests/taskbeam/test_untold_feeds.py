"""What the feeds of a cluster are still to be told, when the process ends. A Redis is played here."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from redis.exceptions import ConnectionError  # noqa: A004

from taskbeam.celery.untold_feeds import UntoldFeeds
from taskbeam.journal.keys import TaskKeys, task_keys

from .waiting import DEADLINE

if TYPE_CHECKING:
    import pytest

KEYS, FEED = task_keys("a-task"), "owner:ada"


def test_a_process_that_ends_waits_until_feeds_are_told() -> None:
    tried, opened = threading.Event(), threading.Event()
    told: list[str] = []

    def again(_: TaskKeys, feed: str) -> None:
        tried.set()
        if not opened.is_set():
            raise ConnectionError("a master that is away")
        told.append(feed)

    untold = UntoldFeeds()
    untold.keep(again, KEYS, FEED)
    ending = threading.Thread(target=untold.drain, args=(DEADLINE,))
    ending.start()
    assert tried.wait(DEADLINE)
    assert ending.is_alive()
    opened.set()
    ending.join(DEADLINE)
    assert told == [FEED]
    assert not ending.is_alive()


def test_it_waits_no_longer_than_it_may_and_says_what_is_left(caplog: pytest.LogCaptureFixture) -> None:
    opened = threading.Event()

    def again(_: TaskKeys, __: str) -> None:
        if not opened.is_set():
            raise ConnectionError("a master that is away")

    untold = UntoldFeeds()
    untold.keep(again, KEYS, FEED)
    untold.drain(0.0)
    assert "1 feeds are not told yet" in caplog.text
    opened.set()
    untold.drain(DEADLINE)
