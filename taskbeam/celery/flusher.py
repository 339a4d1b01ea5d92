"""Sends what a run still holds when it may go out, though the task reports nothing more for now."""

from __future__ import annotations

import os
import threading
import time
from operator import itemgetter
from typing import TYPE_CHECKING, Generic, TypeVar

from taskbeam.background.threads import IDLE, BackgroundThread

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Flusher(Generic[T]):
    """One thread per process, started when it is needed, and ended when it was not for a while.

    Threads do not survive a fork.
    """

    def __init__(self, flush: Callable[[T], None], name: str = "taskbeam-flusher") -> None:
        """``flush`` is called on the flusher's thread, which has the name; it may ask for another call."""
        self._flush = flush
        self._name = name
        self._forget()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._due: dict[T, float] = {}
        self._changed = threading.Condition()
        self._works = False

    def later(self, item: T, seconds: float) -> None:
        """Flush the item that many seconds from now; asked again before that, once."""
        with self._changed:
            if not self._works:
                BackgroundThread(self._name, self._work, threading.Event()).start()
                self._works = True
            self._due.setdefault(item, time.monotonic() + seconds)
            self._changed.notify()

    def _work(self) -> None:
        # One at a time: one that cannot be flushed takes none of the others with it.
        while item := self._next():
            self._flush(*item)

    def _next(self) -> tuple[T] | None:
        """What is due first, once something is; None when the thread is to end."""
        with self._changed:
            while True:
                first = min(self._due.items(), key=itemgetter(1), default=None)
                wait = IDLE if first is None else first[1] - time.monotonic()
                if first is not None and wait <= 0:
                    del self._due[first[0]]
                    return (first[0],)
                if not self._changed.wait(wait) and not self._due:
                    self._works = False
                    return None
