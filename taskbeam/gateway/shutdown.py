"""The moment at which a server begins to stop, heard in time to say good-bye.

A server waits for its connections before it ends the application's lifespan, so the lifespan comes too late
for whoever holds connections open. The signal comes first. Servers hear it in two ways: by a handler
(uvicorn, and gunicorn's uvicorn workers), or by asyncio's `add_signal_handler` (hypercorn), which leaves a
handler that does nothing and reads the signal from a pipe. A handler that calls the one before it disturbs
neither.
"""

from __future__ import annotations

import asyncio
import logging
import random
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from taskbeam.background.log_fields import about, current_connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

logger = logging.getLogger(__name__)

#: Seconds that Redis has for an answer then. A request may wait for two: whether it may, and what is there.
LAST_PATIENCE = 0.5

#: What servers are stopped by.
SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Shutdown:
    """Who is told when the server begins to stop; it does so once.

    Connections may be told one after the other. Then those who are sent away together do not come back to
    the servers that stay at the same moment.
    """

    def __init__(self) -> None:
        self.begun = False
        #: Set when everybody was told.
        self.told = asyncio.Event()
        # What is for no connection comes before them, or when all of them were told.
        self._first: list[Callable[[], None]] = []
        # Each with the connection that it is for.
        self._callbacks: dict[Callable[[], None], int] = {}
        self._last: list[Callable[[], None]] = []

    @contextmanager
    def watched_by(self, callback: Callable[[], None]) -> Iterator[None]:
        """Call ``callback`` when the shutdown begins, if that is before the block ends; at once if it has
        begun.
        """
        self.watch(callback)
        try:
            yield
        finally:
            self.forget(callback)

    def when_begun(self, callback: Callable[[], None]) -> None:
        """Call ``callback``, which raises nothing, before any connection is told; at once if it has begun."""
        if self.begun:
            callback()
        else:
            self._first.append(callback)

    def when_told(self, callback: Callable[[], None]) -> None:
        """Call ``callback``, which raises nothing, when all connections were told."""
        self._last.append(callback)

    def watch(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` when the shutdown begins, or at once if it has begun."""
        if self.begun:
            callback()
        self._callbacks[callback] = current_connection()

    def forget(self, callback: Callable[[], None]) -> None:
        """Do not call it any more."""
        self._callbacks.pop(callback, None)

    def begin(self, drain: float = 0.0) -> None:
        """Tell each connection at a moment of its own within ``drain`` seconds, and then what is for none.

        Who comes meanwhile is told at once. Called again without time, it tells all that are left.
        """
        self.begun = True
        while self._first:
            self._first.pop()()
        if drain > 0:
            loop = asyncio.get_running_loop()
            for callback in self._callbacks:
                loop.call_later(random.uniform(0.0, drain), self._tell, callback)
            loop.call_later(drain, self.begin)
            return
        while self._callbacks:
            self._tell(next(reversed(self._callbacks)))
        while self._last:
            self._last.pop()()
        self.told.set()

    def _tell(self, callback: Callable[[], None]) -> None:
        """Unless it is told already, or has gone."""
        connection = self._callbacks.pop(callback, None)
        if connection is None:
            return
        try:
            callback()
        except Exception:
            logger.exception(
                "Cannot end a connection at shutdown; the others are ended.",
                extra=about(connection=connection),
            )


class SignalWatch:
    """Calls ``begin`` in the event loop when one of `SIGNALS` comes, and leaves it to the server what it
    does.

    Only signals that somebody handles already are watched, and only in the main thread, where Python runs
    handlers.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, begin: Callable[[], None]) -> None:
        self._loop = loop
        self._begin = begin
        self._handlers: list[_Handler] = []

    def start(self) -> None:
        """Put a handler before the server's own."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in SIGNALS:
            before = signal.getsignal(number)
            # Python's own handler of Ctrl-C is no server's.
            if callable(before) and before is not signal.default_int_handler:
                handler = _Handler(number, self._heard, before)
                signal.signal(number, handler)
                self._handlers.append(handler)

    def stop(self) -> None:
        """Hear no signal any more; all others do as before, in whichever order watches stop."""
        while self._handlers:
            self._handlers.pop().leave()

    def _heard(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._begin)


class _Handler:
    """Calls ``heard`` when the signal comes, and then the handler that was there before it."""

    def __init__(self, number: int, heard: Callable[[], None], before: Callable[[int, Any], Any]) -> None:
        self.before = before
        self._number = number
        self._heard: Callable[[], None] | None = heard

    def __call__(self, number: int, frame: Any) -> None:
        if self._heard is not None:
            self._heard()
        self.before(number, frame)

    def leave(self) -> None:
        """Give its place to the handler before it. Somebody else's handler may go on calling it."""
        self._heard = None
        above: object = signal.getsignal(self._number)
        if above is self:
            signal.signal(self._number, self.before)
        while isinstance(above, _Handler):
            if above.before is self:
                above.before = self.before
            above = above.before
