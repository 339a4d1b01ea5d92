"""Sends what a run still holds when its interval is over, though the task reports nothing more for now."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Flusher:
    """One thread per process, started when it is first needed: threads do not survive a fork."""

    def __init__(self) -> None:
        self._pid: int | None = None
        self._due: dict[Callable[[], None], None] = {}
        self._wake = threading.Event()

    def later(self, flush: Callable[[], None], interval: float) -> None:
        """Call ``flush`` about ``interval`` seconds from now, once, on the flusher's thread."""
        if self._pid != os.getpid():
            self._pid, self._due, self._wake = os.getpid(), {}, threading.Event()
            threading.Thread(
                target=self._work, args=(interval,), name="taskbeam-flusher", daemon=True
            ).start()
        self._due[flush] = None
        self._wake.set()

    def _work(self, interval: float) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            threading.Event().wait(interval)
            due, self._due = self._due, {}
            for flush in due:
                flush()


flusher = Flusher()
