"""Log without harm: a handler is somebody else's code. It may raise, and it may call us."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from taskbeam.background.forks import free_in_children

if TYPE_CHECKING:
    from types import TracebackType


class _Thread(threading.local):
    """How many `QuietLock`s this thread has, and what it has to log when it has none."""

    def __init__(self) -> None:
        self.locks = 0
        self.records: list[tuple[logging.Logger, logging.LogRecord]] = []


_thread = _Thread()


class HarmlessLogger(logging.LoggerAdapter[logging.Logger]):
    """A logger that raises nothing. Under a `QuietLock` it waits until that is released."""

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """As `logging.Logger.log`."""
        if not self.isEnabledFor(level):
            return
        record = _record(self.logger, level, msg, args, **kwargs)
        if _thread.locks:
            _thread.records.append((self.logger, record))
        else:
            _handle(self.logger, record)


def _record(
    logger: logging.Logger,
    level: int,
    message: object,
    args: Any,
    *,
    exc_info: Any = None,
    stack_info: bool = False,
    stacklevel: int = 1,
    extra: Any = None,
) -> logging.LogRecord:
    """As `logging.Logger` makes it, here and now: with the caller's line, and what is being handled."""
    file, line, function, stack = logger.findCaller(stack_info, stacklevel + 2)
    if isinstance(exc_info, BaseException):
        exc_info = (type(exc_info), exc_info, exc_info.__traceback__)
    elif exc_info and not isinstance(exc_info, tuple):
        exc_info = sys.exc_info()
    return logger.makeRecord(
        logger.name, level, file, line, message, args, exc_info or None, function, extra, stack
    )


def _handle(logger: logging.Logger, record: logging.LogRecord) -> None:
    try:
        logger.handle(record)
    except Exception:
        # As `logging.Handler.handleError` does, which not every handler calls.
        if logging.raiseExceptions:
            with suppress(Exception):
                traceback.print_exc(file=sys.stderr)


def logger_for(name: str) -> HarmlessLogger:
    """The logger with this name, for code that runs within a job or in the background."""
    return HarmlessLogger(logging.getLogger(name))


class QuietLock:
    """A re-entrant lock that is never held while a handler runs.

    A handler has a lock of its own, and may call us with it: two threads would wait for each other.
    """

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = free_in_children(threading.RLock())

    def acquire(self, *, blocking: bool = True) -> bool:
        """As `threading.RLock.acquire`."""
        if not self._lock.acquire(blocking):
            return False
        _thread.locks += 1
        return True

    def release(self) -> None:
        """As `threading.RLock.release`; then what was logged meanwhile is written."""
        self._lock.release()
        thread = _thread
        thread.locks -= 1
        while thread.records and not thread.locks:
            _handle(*thread.records.pop(0))

    def __enter__(self) -> None:
        self._lock.acquire()
        _thread.locks += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
