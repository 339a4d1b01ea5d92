"""Whether a server takes what is written, and who may try. No I/O."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from taskbeam.background.logger import logger_for

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

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

    def __init__(self, clock: Callable[[], float] = time.monotonic, where: str = "in Redis") -> None:
        """``where``: the journals are, in words."""
        self._clock = clock
        self._where = where
        #: Whether a write has failed, and none has succeeded since.
        self.away = False
        self._closed_until = float("-inf")
        self.lost = 0

    @property
    def closed(self) -> bool:
        """Whether nothing is to be tried now."""
        return self.away and self._clock() < self._closed_until

    def failed(self, error: Exception) -> None:
        """A write failed."""
        begins, self.away = not self.away, True
        self.still_away()
        if begins:
            # The last thing: a handler may write.
            logger.warning(
                "Cannot write to the journals %s. Log lines and data of running tasks wait until it "
                "answers, and progress is lost: %s",
                self._where,
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
        if self.away:
            lost, self.away, self.lost = self.lost, False, 0
            where = "" if self._where == "in Redis" else f" {self._where}"
            logger.warning("The journals%s can be written again; %d progress events were lost.", where, lost)


class Outages:
    """One for each server: a master of a cluster that is away costs no other one's jobs an attempt."""

    def __init__(self) -> None:
        self._outages: dict[Hashable, Outage] = {}

    def of(self, server: Hashable) -> Outage:
        """That of a server; a name that is '' is the only one's."""
        outage = self._outages.get(server)
        if outage is None:
            outage = self._outages[server] = Outage(where=f"at {server}" if server else "in Redis")
        return outage

    @property
    def away(self) -> list[Hashable]:
        """The servers to which a write has failed, and none has succeeded since."""
        return [server for server, outage in list(self._outages.items()) if outage.away]

    @property
    def closed(self) -> bool:
        """Whether there is a server at which nothing is to be tried now."""
        return any(outage.closed for outage in list(self._outages.values()))

    def over(self, server: Hashable) -> None:
        """A server has no journals any more: others have them now."""
        outage = self._outages.pop(server, None)
        if outage is not None:
            outage.written()
