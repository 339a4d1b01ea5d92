"""Blocking calls beside an event loop: in a few threads of their own, and for a bounded time each."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from contextvars import copy_context
from functools import partial
from queue import SimpleQueue
from threading import Semaphore, Thread
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    _Waiting = tuple[Callable[[], Any], Future[Any]]

Result = TypeVar("Result")


class BlockingCalls:
    """Makes calls that block, at most ``threads`` at once; the threads stay for the next ones.

    A library may hang for longer than anybody waits. Here it holds up neither the event loop's default pool,
    which everything else uses, nor the end of the process, which waits for that pool: these are daemons.
    """

    def __init__(self, name: str, threads: int, at_end: Callable[[], None] | None = None) -> None:
        """``at_end``: what each thread does when it ends."""
        self._name = name
        self._most = threads
        self._at_end = at_end
        self._hired = 0
        self._idle = Semaphore(0)
        self._waiting: SimpleQueue[_Waiting | None] = SimpleQueue()

    async def run(self, call: Callable[[], Result], within: float | None) -> Result:
        """Return what ``call`` returns in a thread, and raise what it raises. It has the caller's context.

        Raises `TimeoutError` after ``within`` seconds; None = the caller looks at the clock, and cancels. A
        call that has not begun by then never does. One that has goes on, and nobody hears what comes of it.
        """
        outcome: Future[Result] = Future()
        self._waiting.put((partial(copy_context().run, call), outcome))
        if not self._idle.acquire(blocking=False) and self._hired < self._most:
            self._hired += 1
            Thread(target=self._work, name=f"{self._name}-{self._hired}", daemon=True).start()
        async with asyncio.timeout(within):
            return await asyncio.wrap_future(outcome)

    def close(self) -> None:
        """Let each thread end, as soon as it has no call."""
        for _ in range(self._hired):
            self._waiting.put(None)
        self._hired = 0

    def _work(self) -> None:
        while (waiting := self._waiting.get()) is not None:
            call, outcome = waiting
            if outcome.set_running_or_notify_cancel():
                try:
                    outcome.set_result(call())
                except BaseException as error:
                    outcome.set_exception(error)
            del waiting, call, outcome  # the next one may be long in coming
            self._idle.release()
        if self._at_end is not None:
            self._at_end()
