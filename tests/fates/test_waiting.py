"""People who wait, with real workers and gateways: how many are ahead, who is there, how long it takes."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from taskbeam.follow.connections import appender_to
from taskbeam.queues.audience import Audience
from taskbeam.queues.watch import QueueWatch
from tests.support.event_stream import EventStream
from tests.support.waiting import wait_until

from .endpoint import cancelled
from .stage import Event, Stage, served_for, staged, story
from .table import COLUMNS, PREFORK, RABBITMQ, expected, pool_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.gateway import Gateway

#: Gateways that look often, and soon believe that a queue has no consumer; seconds.
EAGER: dict[str, Any] = {"waiting_interval": 0.2, "no_consumer_after": 0.5}

#: Seconds; clients are told tenths.
ROUNDED = 0.1


@pytest.fixture
def stage(request: pytest.FixtureRequest, pool: str) -> Iterator[Stage]:
    """Run times of other tests would be an estimate for this one."""
    with staged(amqp=request.getfixturevalue("rabbitmq").url() if pool == RABBITMQ else None) as made:
        yield made


@pytest.fixture
def served(stage: Stage) -> Iterator[Gateway]:
    with served_for(stage, **EAGER) as running:
        yield running


def newest(stage: Stage, task_id: str) -> Event:
    return stage.events(task_id)[-1]


def until_told(stage: Stage, task_id: str, **members: Any) -> Event:
    """The newest event, once it has these members; None = it has not."""

    def told() -> bool:
        event = newest(stage, task_id)
        return all(event.get(name) == value for name, value in members.items())

    wait_until(told, lambda: f"{members}: {stage.events(task_id)}")
    return newest(stage, task_id)


def places(stage: Stage, task_id: str) -> list[int]:
    """The places that the task had. One is told again when there is an estimate, which takes three runs."""
    told = [event for event in stage.events(task_id) if "ahead" in event]
    return [event["ahead"] for before, event in pairwise([{}, *told]) if not _adds_estimate(before, event)]


def _adds_estimate(before: Event, event: Event) -> bool:
    return event["ahead"] == before.get("ahead") and "estimate" in event and "estimate" not in before


@pytest.mark.parametrize("pool", COLUMNS)
def test_no_consumer(stage: Stage, pool: str) -> None:
    """Looked at once, so that nothing is told between the worker's coming and the task's start."""
    task_id = stage.send("add", 1, 2)

    async def look() -> int:
        async with stage.connected() as (client, exchange):
            audience = Audience()
            audience.follow(task_id, stage.keys(task_id))
            watch = QueueWatch(
                client,
                appender_to(client, exchange),
                stage.control,
                audience,
                interval=0.0,
                no_consumer_after=0.0,
                journals=exchange,
            )
            return await watch.sweep()

    assert asyncio.run(look()) == 1
    with stage.worker(pool_of(pool)):
        assert stage.fate(task_id) == expected("queue without a consumer", pool)


def test_no_consumer_is_taken_back_while_the_task_still_waits(stage: Stage, served: Gateway) -> None:
    first, second = stage.send("gated"), stage.send("gated")
    with EventStream(served, second) as follower:
        until_told(stage, second, waiting="no_consumer", ahead=1)
        snapshot = httpx.get(f"{served.http}/tasks/{second}").json()
        assert (snapshot["state"], snapshot["waiting"], snapshot["ahead"]) == ("PENDING", "no_consumer", 1)
        with stage.worker(concurrency=1):
            until_told(stage, second, waiting=None, ahead=0)
            for task_id in (first, second):
                stage.open(task_id)
            assert stage.fate(second)[-3:] == ["PENDING", "STARTED", "SUCCESS"]
        assert follower.rest().count(b"no_consumer") == 1


def test_a_worker_that_leaves_is_missed(stage: Stage, served: Gateway) -> None:
    """Its queue is cancelled, and the worker lives on."""
    with stage.worker(concurrency=1):
        stage.hears()
        stage.app.control.cancel_consumer("celery")
        wait_until(lambda: _consumers(stage) == 0, lambda: "the worker to leave the queue")
        task_id = stage.send("add", 1, 2)
        with EventStream(served, task_id):
            until_told(stage, task_id, waiting="no_consumer")
            stage.app.control.add_consumer("celery")
            assert stage.fate(task_id)[-1] == "SUCCESS"


@pytest.mark.parametrize("pool", PREFORK)
def test_three_ahead_count_down(stage: Stage, served: Gateway) -> None:
    with stage.worker(concurrency=1):
        running = stage.held("gated")
        queued = [stage.send("gated") for _ in range(4)]
        with EventStream(served, queued[-1]):
            for ahead, following in zip((3, 2, 1, 0), queued, strict=True):
                until_told(stage, queued[-1], ahead=ahead)
                stage.open(running)
                stage.arrived(following)
                running = following
            stage.open(running)
            assert stage.fate(queued[-1])[-2:] == ["STARTED", "SUCCESS"]
        assert places(stage, queued[-1]) == [3, 2, 1, 0]
        assert places(stage, queued[1]) == []  # nobody followed it


def test_a_cancelled_task_moves_those_behind_it_up(stage: Stage, served: Gateway) -> None:
    with stage.worker(concurrency=1):
        running = stage.held("gated")
        before, cancelled_one, behind = (stage.send("gated") for _ in range(3))
        with EventStream(served, before), EventStream(served, behind):
            until_told(stage, behind, ahead=2)
            assert cancelled(served, cancelled_one) == "revoked"
            until_told(stage, behind, ahead=1)
        for task_id in (running, before, behind):
            stage.open(task_id)
        stage.fate(behind)
        assert places(stage, before) == []


def test_a_purged_queue_heals(stage: Stage, served: Gateway) -> None:
    lost = [stage.send("gated") for _ in range(5)]
    stage.queue.delete("celery")
    first, second = stage.send("gated"), stage.send("gated")
    with EventStream(served, second), EventStream(served, lost[0]):
        until_told(stage, second, ahead=6)
        with stage.worker(concurrency=1):
            stage.arrived(first)
            until_told(stage, second, ahead=0, waiting=None)
            for task_id in (first, second):
                stage.open(task_id)
            stage.fate(second)


def test_two_gateways_tell_it_once(stage: Stage, served: Gateway) -> None:
    running, queued = stage.send("gated"), stage.send("gated")
    with (
        served_for(stage, **EAGER) as other,
        EventStream(served, queued),
        EventStream(other, queued),
    ):
        until_told(stage, queued, waiting="no_consumer")
        with stage.worker(concurrency=1):
            until_told(stage, queued, ahead=0, waiting=None)
            for task_id in (running, queued):
                stage.open(task_id)
            told = stage.fate(queued)
    assert told.count("PENDING no_consumer") == 1
    assert places(stage, queued).count(0) == 1


def test_an_estimate_needs_data(stage: Stage, served: Gateway) -> None:
    with stage.worker(concurrency=1), ExitStack() as followers:
        running = stage.held("gated")
        queued = [stage.send("gated") for _ in range(5)]
        followers.enter_context(EventStream(served, queued[-1]))
        for done, following in enumerate(queued[:3]):
            told = until_told(stage, queued[-1], ahead=4 - done)
            assert "estimate" not in told
            stage.open(running)
            stage.arrived(following)
            running = following
        wait_until(lambda: "estimate" in newest(stage, queued[-1]), lambda: "an estimate")
        told = newest(stage, queued[-1])
        waited = told["ts"] - stage.events(queued[0])[0]["ts"]
        assert set(told["estimate"]) == {"start", "end", "spread"}
        assert 0 <= told["estimate"]["start"] <= told["estimate"]["end"] <= 10 * waited
        for task_id in (running, *queued[3:]):
            stage.open(task_id)
        assert stage.fate(queued[-1])[-1] == "SUCCESS"


def test_who_polls_is_told_too(stage: Stage, served: Gateway) -> None:
    """As the tutorial's page does: it asks, and asks again."""
    stage.send("gated")
    task_id = stage.send("gated")
    with httpx.Client(base_url=served.http) as client:
        wait_until(
            lambda: client.get(f"/tasks/{task_id}").json().get("waiting") == "no_consumer",
            lambda: f"no_consumer: {stage.events(task_id)}",
        )


def test_a_countdown_has_no_place(stage: Stage, served: Gateway) -> None:
    """It is not its turn that it waits for; nor does it stand in the way of others."""
    later, soon = stage.send("add", 1, 2, countdown=3600), stage.send("gated")
    with EventStream(served, later), EventStream(served, soon):
        until_told(stage, soon, ahead=0, waiting="no_consumer")
        assert story(stage.events(later)) == ["PENDING"]
    assert not stage.redis.hexists(stage.keys(later).head, "ticket")


def test_a_running_task_says_how_long_it_goes_on(stage: Stage) -> None:
    with stage.worker():
        task_id = stage.held("halves")
        arrived = time.monotonic()
        wait_until(lambda: time.monotonic() > arrived + 1.2, lambda: "enough to go by")
        stage.open(task_id)
        (report,) = (event for event in stage.ended(task_id) if event["type"] == "progress")
        # As long as it took so far: since it began, which was after it was sent, and before it waited.
        sent = stage.events(task_id)[0]["ts"]
        assert 1.2 - ROUNDED <= report["estimate"]["end"] <= report["ts"] - sent + ROUNDED


def _consumers(stage: Stage) -> int:
    now, _ = stage.redis.time()
    found: Any = stage.redis.zcount(stage.control.queue("celery").consumers, now * 1000, "+inf")
    return int(found)
