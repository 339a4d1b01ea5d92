"""The end of a task that has none of its own."""

from __future__ import annotations

import asyncio
from typing import Any

from .waiting import DEADLINE

#: Seconds until a task that goes on is cancelled again.
AGAIN = 0.1


async def end(task: asyncio.Task[Any]) -> None:
    """Cancel it until it has ended. Raises what it raised, and TimeoutError where it does not end.

    Python 3.11 and redis-py swallow a cancellation now and then: whoever cancels once may wait for ever.
    """
    async with asyncio.timeout(DEADLINE):
        while not task.done():
            task.cancel()
            await asyncio.wait((task,), timeout=AGAIN)
    if not task.cancelled():
        task.result()
