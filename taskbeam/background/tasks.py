"""Background work in an event loop: whatever ends it is logged, and it starts again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from taskbeam.background.backoff import Backoff
from taskbeam.background.cancellation import in_own_task
from taskbeam.background.health import Failing, WorkHealth
from taskbeam.background.logger import logger_for

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from taskbeam.background.cancellation import Work

logger = logger_for(__name__)

#: Seconds between two tries to start failing work: a random part of a limit that doubles.
FIRST_PAUSE, LAST_PAUSE = 0.1, 5.0


class _EndedError(Exception):
    """Work that is to go on for ever came to its end."""


class BackgroundTasks:
    """The background work of one part of a program. Belongs to one event loop.

    Work goes on until `stop`, or until its task is cancelled, as an event loop does that ends. An exception
    of whatever kind, a return, and a `CancelledError` without a cancellation are logged with the work's name;
    then it starts again after a pause with jitter. It hears of a cancellation until it ends.
    """

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._health: dict[str, WorkHealth] = {}

    def keep(self, name: str, work: Work, *, until_it_returns: bool = False) -> None:
        """Keep ``work`` going; ``name`` is what logs and `/readyz` call it.

        ``until_it_returns``: its return is no failure, but its end.
        """
        self._start(name, self._keep(name, work, until_it_returns=until_it_returns))

    def once(self, name: str, work: Work) -> None:
        """Let ``work`` run to its end; an exception is logged, and that is all."""
        self._start(name, self._once(name, work))

    @property
    def names(self) -> list[str]:
        """What is kept going."""
        return list(self._health)

    @property
    def restarts(self) -> dict[str, int]:
        """How often each work that is kept going had to be started again."""
        return {name: health.restarts for name, health in self._health.items()}

    def failing(self) -> list[Failing]:
        """Work that fails at the moment."""
        now = asyncio.get_running_loop().time()
        found = (health.failing(now) for health in self._health.values())
        return [failing for failing in found if failing is not None]

    async def stop(self) -> None:
        """Cancel all of it, and wait until it has ended: at most `GIVE_UP` seconds."""
        for task in self._tasks.values():
            # An event loop that ends has cancelled all; what they do then is not disturbed.
            if not task.cancelling():
                task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks.values())

    def _start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        self._tasks[name] = asyncio.get_running_loop().create_task(work, name=name)

    async def _once(self, name: str, work: Work) -> None:
        try:
            await in_own_task(name, work)
        except Exception:
            logger.exception("Background work %s failed.", name)

    async def _keep(self, name: str, work: Work, *, until_it_returns: bool) -> None:
        loop = asyncio.get_running_loop()
        health = self._health[name] = WorkHealth(name)
        backoff = Backoff(FIRST_PAUSE, LAST_PAUSE)
        while True:
            health.begins(loop.time())
            try:
                await in_own_task(name, work)
                if until_it_returns:
                    return
                error: BaseException = _EndedError("it returned")
            except asyncio.CancelledError as cancelled:
                if _is_cancelled():
                    raise
                error = cancelled
            except Exception as failure:
                error = failure
            if health.failed(loop.time()):
                backoff.reset()
            pause = backoff.next()
            logger.error("Background work %s failed; it starts again in %.1f s.", name, pause, exc_info=error)
            await asyncio.sleep(pause)


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
