"""A message leaves its queue only once its task is ended: whatever fails before that, it is back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from celery import Celery

from taskbeam.gateway.jobs import purging
from taskbeam.gateway.jobs.broker import Broker
from taskbeam.gateway.jobs.purging import Portion, Purged, purge

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    End = Callable[[Sequence[str]], Awaitable[Portion]]

QUEUE = "reports"


@pytest.fixture
def celery_app() -> Iterator[Celery]:
    """With a broker in memory, which keeps its queues in the process."""
    app = Celery("purged", broker="memory://", set_as_current=False)
    app.conf.task_default_queue = QUEUE
    yield app
    taken(app)
    app.close()


def sent(app: Celery, *ids: str) -> None:
    for task_id in ids:
        app.send_task("tests.task", task_id=task_id, ignore_result=True)


def waiting(app: Celery) -> int:
    with app.connection_for_write() as connection:
        channel: Any = connection.default_channel
        return int(channel.queue_declare(QUEUE, passive=True).message_count)


def taken(app: Celery) -> None:
    """All that waits, by somebody else."""
    with app.connection_for_write() as connection:
        channel: Any = connection.default_channel
        channel.queue_purge(QUEUE)


def purged(app: Celery, end: End, queue: str = QUEUE) -> Purged | None:
    broker = Broker(app, 60)
    try:
        return asyncio.run(purge(broker, queue, end))
    finally:
        broker.close()


def test_each_task_is_ended_before_its_message_is_gone(
    celery_app: Celery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "PORTION", 2)
    sent(celery_app, "a", "b", "c")
    told: list[list[str]] = []

    async def end(task_ids: Sequence[str]) -> Portion:
        told.append(list(task_ids))
        return Portion(len(task_ids), frozenset())

    assert purged(celery_app, end) == Purged(3, 3, 0, more=False)
    assert told == [["a", "b"], ["c"]]
    assert waiting(celery_app) == 0


def test_what_runs_keeps_its_message(celery_app: Celery, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its worker may be lost: the message is all that goes on with it. And no portion has it twice."""
    monkeypatch.setattr(purging, "PORTION", 1)
    sent(celery_app, "runs", "waits")

    async def end(task_ids: Sequence[str]) -> Portion:
        kept = frozenset(task_ids) & {"runs"}
        return Portion(len(task_ids) - len(kept), kept)

    assert purged(celery_app, end) == Purged(1, 1, 1, more=False)
    assert waiting(celery_app) == 1


def test_what_could_not_be_ended_is_back(celery_app: Celery) -> None:
    sent(celery_app, "a", "b")

    async def end(task_ids: Sequence[str]) -> Portion:
        raise ConnectionRefusedError(f"Redis is away: {task_ids}")

    with pytest.raises(ConnectionRefusedError):
        purged(celery_app, end)
    assert waiting(celery_app) == 2


def test_what_comes_meanwhile_stays(celery_app: Celery) -> None:
    """A queue that is always filled would never be empty."""
    sent(celery_app, "a")

    async def end(task_ids: Sequence[str]) -> Portion:
        await asyncio.to_thread(sent, celery_app, "later")
        return Portion(len(task_ids), frozenset())

    assert purged(celery_app, end) == Purged(1, 1, 0, more=False)
    assert waiting(celery_app) == 1


def test_what_no_time_was_left_for_is_said(celery_app: Celery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging, "PORTION", 1)
    sent(celery_app, "a", "b")
    clock = iter([0.0, 0.0, purging.PATIENCE])
    monkeypatch.setattr(purging, "monotonic", lambda: next(clock))

    async def end(task_ids: Sequence[str]) -> Portion:
        return Portion(len(task_ids), frozenset())

    assert purged(celery_app, end) == Purged(1, 1, 0, more=True)
    assert waiting(celery_app) == 1


def test_nothing_more_is_said_to_stay_where_workers_take_the_rest(
    celery_app: Celery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "PORTION", 1)
    sent(celery_app, "a", "b")

    async def end(task_ids: Sequence[str]) -> Portion:
        await asyncio.to_thread(taken, celery_app)
        return Portion(len(task_ids), frozenset())

    assert purged(celery_app, end) == Purged(1, 1, 0, more=False)


def test_a_queue_that_the_broker_does_not_have_is_none(celery_app: Celery) -> None:
    async def end(task_ids: Sequence[str]) -> Portion:
        raise AssertionError(task_ids)

    assert purged(celery_app, end, "nowhere") is None
