"""Progress may be lost, but it never breaks or slows the task that reports."""

from __future__ import annotations

import logging

import pytest

from taskbeam.celery.outbox import LossyWriter
from taskbeam.journal.entry import Appended, Entry, Verdict
from taskbeam.journal.events import EventId
from taskbeam.journal.keys import task_keys

ENTRY = Entry(keys=task_keys("7"), task_id="7", type="progress")
DONE = Appended(Verdict.APPENDED, EventId(1, 1))
LOGGER = "taskbeam.journal.lossy"


class Redis:
    """Takes appends while it is up."""

    def __init__(self) -> None:
        self.up = True
        self.calls = 0
        self.error: Exception = ConnectionError("away")

    def append(self, _: Entry) -> Appended:
        self.calls += 1
        if not self.up:
            raise self.error
        return DONE


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def redis() -> Redis:
    return Redis()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lossy(redis: Redis, clock: Clock) -> LossyWriter:
    return LossyWriter(redis.append, (OSError,), pause=1.0, clock=clock)


class TestWhileRedisIsUp:
    def test_every_entry_is_appended(self, lossy: LossyWriter, redis: Redis) -> None:
        assert [lossy.offer(ENTRY) for _ in range(3)] == [DONE] * 3
        assert (redis.calls, lossy.lost) == (3, 0)


class TestWhileRedisIsAway:
    def test_nothing_is_raised(self, lossy: LossyWriter, redis: Redis) -> None:
        redis.up = False
        assert lossy.offer(ENTRY) is None

    def test_only_one_attempt_is_made_in_each_pause(
        self, lossy: LossyWriter, redis: Redis, clock: Clock
    ) -> None:
        redis.up = False
        for _ in range(40):  # 4 seconds
            lossy.offer(ENTRY)
            clock.now += 0.125
        assert redis.calls == 5
        assert lossy.lost == 40

    def test_it_is_told_once(
        self, lossy: LossyWriter, redis: Redis, caplog: pytest.LogCaptureFixture
    ) -> None:
        redis.up = False
        with caplog.at_level(logging.WARNING, LOGGER):
            for _ in range(10):
                lossy.offer(ENTRY)
        assert len(caplog.records) == 1

    def test_what_is_not_about_the_connection_is_raised(self, lossy: LossyWriter, redis: Redis) -> None:
        redis.up, redis.error = False, KeyError("a fault of ours")
        with pytest.raises(KeyError):
            lossy.offer(ENTRY)


class TestWhenRedisIsBack:
    def test_entries_are_appended_again_after_the_pause(
        self, lossy: LossyWriter, redis: Redis, clock: Clock, caplog: pytest.LogCaptureFixture
    ) -> None:
        redis.up = False
        lossy.offer(ENTRY)
        redis.up = True
        assert lossy.offer(ENTRY) is None
        clock.now += 1.0
        with caplog.at_level(logging.WARNING, LOGGER):
            assert lossy.offer(ENTRY) == DONE
        assert "2 progress events were lost" in caplog.text
        assert lossy.lost == 0
