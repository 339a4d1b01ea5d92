"""A worker is killed with fifty running tasks: every client hears it, on every transport."""

from __future__ import annotations

import asyncio
from itertools import cycle
from typing import TYPE_CHECKING

from stack.valkey import Valkey
from tests.support.clients import TRANSPORTS, Event
from tests.support.gateway import Gateway, gateway
from tests.support.waiting import wait_until

from .stage import REDELIVERY, Stage, story
from .table import expected

if TYPE_CHECKING:
    from stack.process import ManagedProcess

EARLY, LATE = 30, 20

#: Seconds; a busy machine must not make a living worker miss it.
LEASE = 8

#: One for each task, in turn.
CLIENTS = ("sse", "websocket", "polling")


def test_fifty_tasks_of_a_killed_worker() -> None:
    with Valkey() as server:
        stage = Stage(server, {"taskbeam_options": {"lease": LEASE}})
        with (
            gateway(
                server.url().rsplit("/", 1)[0],
                result_backend=stage.backend,
                watchdog_interval=0.3,
                lost_after=1,
            ) as served,
            stage.worker("threads", concurrency=EARLY + LATE) as doomed,
        ):
            early = [stage.send("gated") for _ in range(EARLY)]
            late = [stage.send("gated_late") for _ in range(LATE)]
            for task_id in early + late:
                stage.arrived(task_id)
            heard = asyncio.run(_follow(stage, served, doomed, early, late))
        stage.close()
    for task_id in early:
        assert story(heard[task_id]) == expected("worker SIGKILL, acks early", "threads")
    for task_id in late:
        assert story(heard[task_id]) == expected("worker SIGKILL, acks late", "threads")


async def _follow(
    stage: Stage, served: Gateway, doomed: ManagedProcess, early: list[str], late: list[str]
) -> dict[str, list[Event]]:
    """What each task's client heard, while the worker is killed and another one comes."""
    heard: dict[str, list[Event]] = {task_id: [] for task_id in early + late}

    async def follow(task_id: str, transport: str) -> None:
        async for event in TRANSPORTS[transport](served, task_id, None):
            heard[task_id].append(event)

    def all_heard(state: str, tasks: list[str]) -> bool:
        return all(any(event["state"] == state for event in heard[task_id]) for task_id in tasks)

    async def until_all_heard(state: str, tasks: list[str]) -> None:
        await asyncio.to_thread(
            wait_until, lambda: all_heard(state, tasks), lambda: f"{state} for {len(tasks)} clients"
        )

    async with asyncio.timeout(240), asyncio.TaskGroup() as clients:
        for task_id, transport in zip(heard, cycle(CLIENTS), strict=False):
            clients.create_task(follow(task_id, transport))
        await until_all_heard("STARTED", early + late)
        doomed.kill()
        await until_all_heard("STALLED", early + late)
        await until_all_heard("LOST", early)
        await asyncio.to_thread(_finish, stage, late)
    return heard


def _finish(stage: Stage, tasks: list[str]) -> None:
    """The broker delivers them again, to a worker that takes one after the other and lets them pass."""
    for task_id in tasks:
        stage.open(task_id)
    with stage.worker("threads", **REDELIVERY):
        for task_id in tasks:
            stage.ended(task_id)
