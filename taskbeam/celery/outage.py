"""Whether Redis takes what is written, and who may try. No I/O."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from taskbeam.background.logger import logger_for

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logger_for(__name__)

#: Seconds between two looks at a Redis that is away.
PAUSE = 1.0

#: Seconds after which a job tries by itself, should nobody look: threads do not survive a fork, and some
#: servers let none run.
UNWATCHED = 10.0


class Outage:
    """An outage costs a job one attempt. Then somebody else looks, and the job tries when Redis answers.

    ========  ============  ============  ==============  ===============
    state     a write fails a look fails  a look succeeds a write succeeds
    ========  ============  ============  ==============  ===============
    writable  closed, logged                              writable
    closed    closed        closed        open            writable, logged
    open      closed        closed        open            writable, logged
    ========  ============  ============  ==============  ===============

    A server that answers may still refuse to write (out of memory, a replica): that costs an attempt no time.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._away = False
        self._closed_until = float("-inf")
        self.lost = 0

    @property
    def closed(self) -> bool:
        """Whether nothing is to be tried now."""
        return self._away and self._clock() < self._closed_until

    def failed(self, error: Exception) -> None:
        """A write failed."""
        begins, self._away = not self._away, True
        self.still_away()
        if begins:
            # The last thing: a handler may write.
            logger.warning(
                "Cannot write to the journals in Redis. Log lines and data of running tasks wait until it "
                "answers, and progress is lost: %s",
                error,
            )

    def still_away(self) -> None:
        """A look at Redis failed."""
        self._closed_until = self._clock() + UNWATCHED

    def answers(self) -> None:
        """A look at Redis succeeded."""
        self._closed_until = float("-inf")

    def written(self) -> None:
        """A write succeeded."""
        if self._away:
            lost, self._away, self.lost = self.lost, False, 0
            logger.warning("The journals can be written again; %d progress events were lost.", lost)
