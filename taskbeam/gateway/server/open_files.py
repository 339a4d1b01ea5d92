"""How many files this process may have open (RLIMIT_NOFILE, getrlimit(2)): each connection is one."""

from __future__ import annotations

import errno
import logging
import os
import sys
from typing import TYPE_CHECKING, Any

from taskbeam.gateway.server.seldom import Seldom

if TYPE_CHECKING:
    import asyncio

logger = logging.getLogger(__name__)

#: Files that a gateway needs beside its connections to clients: Redis, the broker, what it reads and serves.
OWN_DESCRIPTORS = 100

REMEDY = (
    "Raise the limit (`ulimit -n`, LimitNOFILE= of systemd, `ulimits` of Docker), or lower"
    " TASKBEAM_MAX_CONNECTIONS"
)

#: There is none left for the process (EMFILE) or the machine (ENFILE), or no memory for one.
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

#: Seconds between two lines that say so.
_INTERVAL = 60.0

#: What asyncio says of it, up to 2,048 times at once.
_ASYNCIO_WORDS = "socket.accept() out of system resource"


def limits() -> tuple[float, float]:
    """How many files this process may have open now, and how many it may allow itself."""
    if sys.platform == "win32":
        return float("inf"), float("inf")
    import resource

    soft, hard = (
        float("inf") if limit == resource.RLIM_INFINITY else limit
        for limit in resource.getrlimit(resource.RLIMIT_NOFILE)
    )
    return soft, hard


def allow_connections(wanted: int) -> int:
    """Raise the limit to what so many connections need; returns how many it allows, at most ``wanted``.

    Where it cannot be raised so far, the log says what it is, what it allows, and what to do.
    """
    needed = wanted + OWN_DESCRIPTORS
    soft, hard = limits()
    if soft < needed and hard > soft:
        soft = _raise(int(min(needed, hard)), soft)
    if soft >= needed:
        return wanted
    allowed = max(int(soft) - OWN_DESCRIPTORS, int(soft) // 2)
    logger.warning(
        "This process may open %d files, so it takes %d connections instead of %d. %s.",
        soft,
        allowed,
        wanted,
        REMEDY,
    )
    return allowed


def _raise(limit: int, before: float) -> float:
    """The limit that holds then."""
    if sys.platform == "win32":
        return before
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    except (ValueError, OSError):  # macOS has a lower one of its own (kern.maxfilesperproc)
        return before
    return limit


class Shortage:
    """Tells in the log when no file can be opened any more, and so no connection accepted.

    The loop goes on by itself as soon as another one closes. Until then uvloop drops new connections
    without a word; asyncio lets them wait, with a traceback for each.
    """

    def __init__(self) -> None:
        self._line = Seldom(_INTERVAL)

    def listen(self, loop: asyncio.AbstractEventLoop) -> None:
        """Say in one line what asyncio would say in thousands."""
        loop.set_exception_handler(self._loop_failed)

    def look(self) -> None:
        """Try to open a file."""
        try:
            os.close(os.open(os.devnull, os.O_RDONLY))
        except OSError as error:
            if error.errno in _EXHAUSTED:
                self._tell(error)

    def _loop_failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if context.get("message") == _ASYNCIO_WORDS:
            self._tell(context.get("exception"))
        else:
            loop.default_exception_handler(context)

    def _tell(self, error: object) -> None:
        if self._line.is_due():
            logger.error("Cannot accept connections until others have closed: %s. %s.", error, REMEDY)
