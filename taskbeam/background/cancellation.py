"""Work that hears of its cancellation until it ends, for a library may swallow one.

On Python 3.11 `asyncio.wait_for` does, when its result comes at the same moment, and redis-py sends each
command by it. An event loop that ends, and a `TaskGroup`, cancel each task once, and wait without a bound.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from taskbeam.background.logger import logger_for

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    Work = Callable[[], Coroutine[Any, Any, None]]

logger = logger_for(__name__)

#: Seconds until work that did not end is cancelled once more, and until it is left alone.
CANCEL_AGAIN, GIVE_UP = 0.2, 5.0


async def in_own_task(name: str, work: Work) -> None:
    """Run ``work`` to its end, in a task of its own, which ends with this one. Raises what it raises.

    ``name`` is what logs call it.
    """
    task = asyncio.get_running_loop().create_task(work(), name=name)
    try:
        await asyncio.wait((task,))
    finally:
        if not task.done():
            await end(task)
    await task


async def end(task: asyncio.Task[None]) -> None:
    """Cancel ``task`` until it ends, or `GIVE_UP` seconds have passed."""
    loop = asyncio.get_running_loop()
    until = loop.time() + GIVE_UP
    if task.cancelling():  # by an event loop that ends; what it does about it is not disturbed at once
        await asyncio.wait((task,), timeout=CANCEL_AGAIN)
    while not task.done():
        if loop.time() >= until:
            logger.error(
                "Background work %s did not end within %g s of being cancelled; going on without it.",
                task.get_name(),
                GIVE_UP,
            )
            return
        task.cancel()
        await asyncio.wait((task,), timeout=CANCEL_AGAIN)
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("Background work %s failed as it was stopped.", task.get_name(), exc_info=error)
