"""A worker's lease in Redis, renewed by a thread of its main process."""

from __future__ import annotations

import threading
from importlib.resources import files
from typing import TYPE_CHECKING, cast

from taskbeam.background.logger import logger_for
from taskbeam.background.threads import BackgroundThread
from taskbeam.journal.away import REDIS_AWAY

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.connection import AbstractConnection

    from taskbeam.journal.control_keys import ControlKeys
    from taskbeam.presence.consumption import Consumption

    #: Asks the lease's server a command; raises redis-py's errors, after the deadline of the lease's thread.
    Ask = Callable[..., object]

logger = logger_for(__name__)

_RENEW = files(__package__).joinpath("renew.lua").read_bytes()

#: A lease is renewed this many times in its life, so that one lost renewal is no alarm.
RENEWALS = 3


def known_as(worker: str) -> str:
    """The field of the leases with the pool's size and Celery's name of a worker."""
    return f"{worker} known"


class Lease:
    """Says "this worker lives, and consumes this" for ``ttl`` seconds at a time, until it is released."""

    def __init__(
        self,
        worker: str,
        connect: Callable[[], AbstractConnection],
        control: ControlKeys,
        ttl: float,
        consumption: Callable[[], Consumption],
        look: Callable[[Ask | None], None] = lambda _: None,
    ) -> None:
        """``look`` is called after each try to renew the lease, with what asks its server; None: in vain."""
        self._worker = worker
        self._connect = connect
        self._control = control
        self._ttl = ttl
        self._consumption = consumption
        self._look = look
        self._told: dict[str, str] = {}
        self._complained: set[str] = set()
        self._connection: AbstractConnection | None = None
        # Whether Redis has it: what was never there need not be given up.
        self._held = False
        self._released = threading.Event()
        self._thread = BackgroundThread("taskbeam-lease", self._keep, self._released)

    def hold(self) -> None:
        """Take the lease and keep it."""
        self._thread.start()

    def release(self) -> None:
        """Give it up: a worker that leaves nothing behind is forgotten, else it is gone at once."""
        self._released.set()
        self._thread.join()
        try:
            if not self._held:
                return
            if self._command("HLEN", self._control.runs(self._worker)):
                self._command("ZADD", self._control.workers, 0, self._worker)
            else:
                self._command("ZREM", self._control.workers, self._worker)
            for key, member in self._told.items():
                self._command("ZREM", key, member)
            self._command("HDEL", self._control.leases, self._worker, known_as(self._worker))
        except REDIS_AWAY as error:
            logger.warning("Cannot release the lease of worker %s, it will expire: %s", self._worker, error)
        finally:
            self._disconnect()

    def _keep(self) -> None:
        failing = False
        while True:
            try:
                self._renew()
                self._held, failing = True, False
            except REDIS_AWAY as error:
                if not failing:
                    logger.warning(
                        "Cannot renew the lease of worker %s, trying again: %s", self._worker, error
                    )
                failing = True
            self._look(None if failing else self._command)
            if self._released.wait(self._ttl / RENEWALS):
                return

    def _renew(self) -> None:
        queues, slots, name = self._consumption()
        keys = [self._control.queue(queue).consumers for queue in queues]
        self._told.update(dict.fromkeys(keys, f"{self._worker} {slots}"))
        lease = int(self._ttl * 1000)
        names = (self._control.workers, self._control.leases, *keys)
        failed = self._command("EVAL", _RENEW, len(names), *names, self._worker, lease, slots, name)
        self._complain(cast("list[bytes]", failed))

    def _complain(self, failed: list[bytes]) -> None:
        """Of queues whose consumers cannot be written the log speaks once each."""
        for each in failed:
            key, _, why = each.decode(errors="replace").partition(": ")
            if key not in self._complained:
                self._complained.add(key)
                logger.warning(
                    "Cannot write to %s that worker %s consumes its queue, clients may see no_consumer: %s",
                    key,
                    self._worker,
                    why,
                )

    def _command(self, *args: str | bytes | int) -> object:
        try:
            self._connection = self._connection or self._connect()
            self._connection.send_command(*args)
            return self._connection.read_response()
        except BaseException:
            self._disconnect()  # a reply may still be on its way
            raise

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.disconnect()
            self._connection = None
