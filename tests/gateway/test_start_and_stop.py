"""A gateway can be stopped at any moment of its start."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import uvloop

from taskbeam.gateway import CelerySettings, Gateway, GatewaySettings
from taskbeam.gateway.connections.celery_application import celery_application
from tests.support.results import results_at
from tests.support.waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Callable

    from stack.valkey import Valkey

#: So many steps of the event loop cover the connecting to Redis.
STEPS = 40


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_it_stops_while_it_connects(
    valkey: Valkey, new_loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    celery_app = celery_application(
        CelerySettings(broker_url=valkey.url(0), result_backend="taskbeam+" + results_at(valkey.url(1)))
    )

    async def start_and_stop(steps: int) -> None:
        gateway = Gateway(celery_app, settings=GatewaySettings(auth="open"), watch_signals=False)
        gateway.start()
        for _ in range(steps):
            await asyncio.sleep(0)
        stopping = asyncio.create_task(gateway.stop())
        done, _ = await asyncio.wait([stopping], timeout=DEADLINE)
        assert done, f"stopped after {steps} steps, it goes on"
        await stopping

    with asyncio.Runner(loop_factory=new_loop) as runner:
        for steps in range(STEPS):
            runner.run(start_and_stop(steps))
