"""This process as a worker: one identity, shared by the children that it forks, and one lease."""

from __future__ import annotations

import os
import socket
import threading
from typing import TYPE_CHECKING, Any

from billiard.process import current_process

from taskbeam.background.forks import free_in_children
from taskbeam.background.logger import logger_for
from taskbeam.journal.entry import Registration, new_token
from taskbeam.presence.consumption import NOTHING, Consumption
from taskbeam.presence.lease import Lease
from taskbeam.presence.row import Row

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.connection import AbstractConnection

    from taskbeam.journal.control_keys import ControlKeys
    from taskbeam.presence.lease import Ask

logger = logger_for(__name__)


class Presence:
    """Made when the backend is imported, so before a prefork pool forks: parent and children share it.

    The parent holds the lease, so a child that computes in C for a minute, or dies, says nothing about
    the worker. A child that imports the backend by itself (a spawned one) is a worker of its own. So is a
    process that runs tasks without being Celery's worker (tests do); it holds the lease while one runs.
    """

    def __init__(self) -> None:
        self._pid = os.getpid()
        self.worker = f"{socket.gethostname()}:{self._pid}:{new_token()}"
        self.active = False
        # The solo pool acknowledges a message only when its loop runs again: Redis delivers it once more.
        self.solo = False
        # Celery's consumer, once it is ready, where places in queues are kept.
        self.consumer: Any = None
        self._leases: dict[str, Lease] = {}
        self._lock = free_in_children(threading.RLock())
        # Whether the lease is held without a run, and how many runs hold it.
        self._stays = False
        self._runs = 0

    def stay(self) -> None:
        """This process is a worker until `end`."""
        self._stays = True

    def begin(
        self,
        server: str,
        connect: Callable[[], AbstractConnection],
        control: ControlKeys,
        ttl: float,
        look: Callable[[Ask | None], None] = lambda _: None,
    ) -> None:
        """A worker is ready, or a run begins: be present on the server, for ``ttl`` s at a time.

        ``control``: the names there. ``look`` is called after each try to renew the lease, as `Lease` says.
        """
        self.active = True
        if os.getpid() != self._pid:
            return
        with self._lock:
            if server not in self._leases:
                lease = Lease(self.worker, connect, control, ttl, self._consumption, look)
                self._leases[server] = lease
                lease.hold()

    def run_begins(self) -> None:
        """A run holds the lease, until `run_ends`."""
        if os.getpid() == self._pid:
            with self._lock:
                self._runs += 1

    def run_ends(self) -> None:
        """The last one gives the lease up, where this process is no worker."""
        if os.getpid() != self._pid:
            return
        with self._lock:
            self._runs -= 1
            if not self._runs and not self._stays and current_process().name == "MainProcess":
                self.active = False
                self._release()

    def end(self) -> None:
        """The worker stops. Runs that it leaves behind are stalled from now on."""
        if os.getpid() == self._pid:
            with self._lock:
                self._stays = False
                self._release()

    def _release(self) -> None:
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

    def register(self, control: ControlKeys, task_id: str, run: str, *, redelivered: bool) -> Registration:
        """Where a run of this worker is registered while it goes on."""
        row = Row(run, redelivered or self.solo, task_id).encode()
        return Registration(runs_key=control.runs(self.worker), row=row)

    def registration(self, control: ControlKeys) -> Registration | None:
        """Where the worker's main process strikes a run off; None outside a worker."""
        return Registration(runs_key=control.runs(self.worker), row="") if self.active else None


#: One per process; what is forked from it shares its lease.
presence = Presence()
