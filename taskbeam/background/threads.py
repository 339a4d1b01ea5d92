"""Background work in a thread: whatever ends it is logged, and it starts again."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from taskbeam.background.backoff import Backoff
from taskbeam.background.health import WorkHealth
from taskbeam.background.logger import logger_for

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logger_for(__name__)

#: Seconds between two tries to start failing work: a random part of a limit that doubles.
FIRST_PAUSE, LAST_PAUSE = 0.1, 2.0

#: What the names of our threads in a worker begin with.
OURS = "taskbeam-"

#: Seconds that a thread which is started when it is needed waits for more work before it ends.
IDLE = 1.0


class BackgroundThread:
    """A daemon thread that keeps ``work`` going until the work returns, which it does when it was asked to.

    Any exception is logged with ``name``; then the work starts again after a pause with jitter, unless
    ``stopped`` was set by then.
    """

    def __init__(self, name: str, work: Callable[[], None], stopped: threading.Event) -> None:
        self.name = name
        self._work = work
        self._stopped = stopped
        self._health = WorkHealth(name)
        self._thread = threading.Thread(target=self._keep, name=name, daemon=True)

    @property
    def restarts(self) -> int:
        """How often the work had to be started again."""
        return self._health.restarts

    def start(self) -> None:
        """Start the thread; only once."""
        self._thread.start()

    def join(self, timeout: float | None = None) -> None:
        """Wait until the work has returned, for ``timeout`` seconds at most."""
        self._thread.join(timeout)

    def is_alive(self) -> bool:
        """Whether the work goes on."""
        return self._thread.is_alive()

    def _keep(self) -> None:
        backoff = Backoff(FIRST_PAUSE, LAST_PAUSE)
        while True:
            self._health.begins(time.monotonic())
            try:
                self._work()
            except Exception:
                if self._health.failed(time.monotonic()):
                    backoff.reset()
                pause = backoff.next()
                logger.exception("Background thread %s failed; it starts again in %.1f s.", self.name, pause)
                if self._stopped.wait(pause):
                    return
            else:
                return
