"""Who is said to pause a queue, and to go on: those that answered. Who is known and did not is named."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from celery import Celery

from taskbeam.gateway import problems
from taskbeam.gateway.dashboard.queue_control import QueueControl
from taskbeam.gateway.jobs.broker import Broker
from taskbeam.gateway.jobs.consumers import Consumers
from taskbeam.gateway.jobs.purging import Purged
from taskbeam.gateway.problems import TaskbeamError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from taskbeam.journal.failures import Failure

QUEUE = "reports"


class Workers:
    """Those that answer, each with whether it consumes the queue; ``deaf`` ones answer no order."""

    def __init__(self, consuming: dict[str, bool], deaf: Collection[str] = ()) -> None:
        self.consuming = consuming
        self.deaf = set(deaf)
        self.told: list[tuple[str, list[str]]] = []

    async def of(self, queue: str) -> dict[str, bool]:
        assert queue == QUEUE
        return self.consuming

    async def cancel(self, queue: str, workers: Sequence[str]) -> set[str]:
        self.told.append((f"cancel {queue}", list(workers)))
        return set(workers) - self.deaf

    async def add(self, queue: str, workers: Sequence[str]) -> set[str]:
        self.told.append((f"add {queue}", list(workers)))
        return (set(workers) - self.deaf) & self.consuming.keys()


class Kept:
    """What is known without asking: who consumes, and who was paused and lives."""

    def __init__(self, consuming: Collection[str] = (), paused: dict[str, bool] | None = None) -> None:
        self.known = set(consuming)
        self.paused = dict(paused or {})

    async def consuming(self, queue: str) -> set[str]:
        assert queue == QUEUE
        return self.known

    async def of(self, queue: str) -> dict[str, bool]:
        assert queue == QUEUE
        return self.paused

    async def note(self, queue: str, workers: Collection[str]) -> None:
        assert queue == QUEUE
        self.paused |= dict.fromkeys(workers, True)

    async def forget(self, queue: str, workers: Collection[str]) -> None:
        assert queue == QUEUE
        self.paused = {worker: lives for worker, lives in self.paused.items() if worker not in workers}


def control(workers: Workers, kept: Kept) -> QueueControl:
    unused: Any = None
    parts: Any = (workers, kept)
    return QueueControl(unused, unused, None, unused, unused, *parts)


def test_only_those_that_consume_the_queue_are_paused() -> None:
    workers, kept = Workers({"one": True, "two": False}), Kept({"one"})
    assert asyncio.run(control(workers, kept).pause(QUEUE)) == (["one"], [])
    assert workers.told == [("cancel reports", ["one"])]
    assert kept.paused == {"one": True}


def test_who_should_pause_and_does_not_answer_is_named() -> None:
    """One is known by its lease alone, and one answers the question and not the order."""
    workers, kept = Workers({"one": True, "deaf": True}, deaf={"deaf"}), Kept({"one", "busy"})
    assert asyncio.run(control(workers, kept).pause(QUEUE)) == (["one"], ["busy", "deaf"])
    assert kept.paused == {"one": True}


def test_only_those_that_were_paused_go_on() -> None:
    workers, kept = Workers({"one": False, "other": True}), Kept(paused={"one": True, "gone": False})
    assert asyncio.run(control(workers, kept).resume(QUEUE)) == (["one"], [])
    assert workers.told == [("add reports", ["gone", "one"])]
    assert kept.paused == {}, "whoever is gone consumes it when it comes back"


def test_who_should_go_on_and_does_not_answer_stays_paused() -> None:
    kept = Kept(paused={"one": True, "deaf": True})
    workers = Workers({"one": False, "deaf": False}, deaf={"deaf"})
    assert asyncio.run(control(workers, kept).resume(QUEUE)) == (["one"], ["deaf"])
    assert kept.paused == {"deaf": True}
    with pytest.raises(TaskbeamError) as refused:
        asyncio.run(control(workers, Kept()).resume(QUEUE))
    assert refused.value.problem is problems.NOT_PAUSED


class Journals:
    """How tasks stand that were not ended; of one nothing can be read."""

    async def states(self, task_ids: Sequence[str]) -> dict[str, str | None]:
        states = {"runs": "STARTED", "silent": "STALLED", "over": "SUCCESS", "nobodys": None}
        return {task_id: state for task_id, state in states.items() if task_id in task_ids}

    async def waiting_in_vain(self, task_ids: Sequence[str]) -> list[str]:
        return [f"after {task_id}" for task_id in task_ids if task_id == "over"]


class Revoker:
    """Ends those that wait."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def end_dependents(self, waiting: Sequence[str]) -> None:
        self.told += waiting

    async def revoke_all(self, task_ids: Sequence[str], failure: Failure) -> set[str]:
        assert failure.code == "purged"
        return {"waits"} & set(task_ids)


def test_a_message_stays_while_its_task_may_run() -> None:
    app = Celery("purged", broker="memory://", set_as_current=False)
    queue = f"{QUEUE}.kept"
    for task_id in ("waits", "runs", "silent", "over", "nobodys", "unread"):
        app.send_task("tests.task", task_id=task_id, queue=queue, ignore_result=True)
    broker = Broker(app, 60)
    revoker = Revoker()
    parts: Any = (revoker, Journals(), None, None)
    purged = asyncio.run(QueueControl(app, broker, None, *parts).purge(queue))
    assert purged == Purged(3, 1, 3, more=False)
    assert revoker.told == ["after over"], "who ended it may have died before that"
    broker.close()
    with app.connection_for_write() as connection:
        channel: Any = connection.default_channel
        assert channel.queue_purge(queue) == 3


def test_where_workers_take_no_commands_none_is_given() -> None:
    app = Celery("deaf", broker="memory://", set_as_current=False)
    app.conf.worker_enable_remote_control = False
    broker: Any = None  # it is not asked
    with pytest.raises(TaskbeamError) as refused:
        asyncio.run(Consumers(app, broker).of(QUEUE))
    assert refused.value.problem is problems.REMOTE_CONTROL_OFF
