"""A soft time limit never falls into the middle of a report: it waits until that is over, a moment later.

Celery raises it from a signal handler, between any two instructions of the task's thread. In a report it
would be caught with what may go wrong there, by us or by a library, and the task would run on to its hard
limit; or it would leave a lock taken, or an answer unread.
"""

from __future__ import annotations

import inspect
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType

    Handler = Callable[[int, FrameType | None], Any]


class _Thread(threading.local):
    """In how many reports, one within the other, this thread is, and the limit that waits for their end."""

    depth = 0
    due: Callable[[], None] | None = None


_thread = _Thread()


class _Reporting:
    """A part of a task's thread in which it reports. May be nested."""

    __slots__ = ()

    def __enter__(self) -> None:
        _thread.depth += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _thread.depth -= 1
        if not _thread.depth and _thread.due is not None:
            due, _thread.due = _thread.due, None
            due()


#: `with reporting:` a soft time limit is raised when the block has ended. What raises it must not be caught.
reporting = _Reporting()


#: What handles a signal. Python's own function looks for a name of the handler, at ten times the cost.
_handler_of: Callable[[int], object] = inspect.unwrap(signal.getsignal)


def hold_limits_back() -> None:
    """Let Celery's handler of the soft time limit wait for reports; to be called where a task begins.

    A handler that somebody else has put there stays. Only the pool of processes has such limits.
    """
    pool = sys.modules.get("billiard.pool")
    if pool is None or pool.SIG_SOFT_TIMEOUT is None:
        return
    handler = _handler_of(pool.SIG_SOFT_TIMEOUT)
    if handler is pool.soft_timeout_sighandler and threading.current_thread() is threading.main_thread():
        signal.signal(pool.SIG_SOFT_TIMEOUT, _held_back(cast("Handler", handler)))


def _held_back(handler: Handler) -> Handler:
    def limit(number: int, frame: FrameType | None) -> None:
        if _thread.depth:
            _thread.due = lambda: handler(number, frame)
        else:
            handler(number, frame)

    return limit
