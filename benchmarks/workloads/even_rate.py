"""Events at a rate, spread evenly over the time."""

from __future__ import annotations

import asyncio
from itertools import cycle
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..load.audience import Audience


async def publish_evenly(audience: Audience, tasks: Sequence[str], events: int, rate: int) -> bool:
    """Publish ``events``, ``rate`` of them per second, task after task; returns whether all have arrived."""
    loop, turn = asyncio.get_running_loop(), cycle(tasks)
    began, published = loop.time(), 0
    while published < events:
        due = min(events, int((loop.time() - began) * rate) + 1)
        for _ in range(due - published):
            audience.publish(next(turn))
        published = due
        await asyncio.sleep(1 / rate)
    return await audience.complete()
