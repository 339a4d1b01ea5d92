"""This process as a worker: one identity, shared by the children that it forks, and one lease."""

from __future__ import annotations

import logging
import os
import socket
from typing import TYPE_CHECKING, Any

from taskbeam.journal.entry import Registration, new_token
from taskbeam.journal.keys import runs_key
from taskbeam.presence.consumption import NOTHING, Consumption
from taskbeam.presence.lease import Lease
from taskbeam.presence.row import Row

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.connection import AbstractConnection

logger = logging.getLogger(__name__)


class Presence:
    """Made when the backend is imported, so before a prefork pool forks: parent and children share it.

    The parent holds the lease, so a child that computes in C for a minute, or dies, says nothing about
    the worker. A child that imports the backend by itself (a spawned one) is a worker of its own.
    """

    def __init__(self) -> None:
        self._pid = os.getpid()
        self.worker = f"{socket.gethostname()}:{self._pid}:{new_token()}"
        self.active = False
        # The solo pool acknowledges a message only when its loop runs again: Redis delivers it once more.
        self.solo = False
        # Celery's consumer, once it is ready. A cluster has no place for what it consumes.
        self.consumer: Any = None
        self._leases: dict[str, Lease] = {}

    def begin(self, server: str, connect: Callable[[], AbstractConnection], ttl: float) -> None:
        """A worker is ready, or a run begins: be present on the server, for ``ttl`` s at a time."""
        self.active = True
        if os.getpid() == self._pid and server not in self._leases:
            self._leases[server] = Lease(self.worker, connect, ttl, self._consumption)
            self._leases[server].hold()

    def end(self) -> None:
        """The worker stops. Runs that it leaves behind are stalled from now on."""
        if os.getpid() == self._pid:
            for lease in self._leases.values():
                lease.release()
            self._leases.clear()

    def _consumption(self) -> Consumption:
        try:
            return NOTHING if self.consumer is None else Consumption.of(self.consumer)
        except Exception:
            # It is read from another thread than its own, and the lease must not end over that.
            logger.exception(
                "Cannot read which queues worker %s consumes; clients see no place in the queue", self.worker
            )
            return NOTHING

    def register(self, task_id: str, run: str, *, redelivered: bool) -> Registration:
        """Where a run of this worker is registered while it goes on."""
        return Registration(
            runs_key=runs_key(self.worker), row=Row(run, redelivered or self.solo, task_id).encode()
        )

    def registration(self) -> Registration | None:
        """Where the worker's main process strikes a run off; None outside a worker."""
        return Registration(runs_key=runs_key(self.worker), row="") if self.active else None


#: One per process; what is forked from it shares its lease.
presence = Presence()
