"""A worker's lease in Redis, renewed by a thread of its main process."""

from __future__ import annotations

import logging
import threading
from importlib.resources import files
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from taskbeam.journal.keys import WORKERS, queue_keys, runs_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.connection import AbstractConnection

    from taskbeam.presence.consumption import Consumption

logger = logging.getLogger(__name__)

_RENEW = files(__package__).joinpath("renew.lua").read_bytes()

#: A lease is renewed this many times in its life, so that one lost renewal is no alarm.
RENEWALS = 3


class Lease:
    """Says "this worker lives, and consumes this" for ``ttl`` seconds at a time, until it is released."""

    def __init__(
        self,
        worker: str,
        connect: Callable[[], AbstractConnection],
        ttl: float,
        consumption: Callable[[], Consumption],
    ) -> None:
        self._worker = worker
        self._connect = connect
        self._ttl = ttl
        self._consumption = consumption
        self._told: dict[str, str] = {}
        self._connection: AbstractConnection | None = None
        self._released = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="taskbeam-lease", daemon=True)

    def hold(self) -> None:
        """Take the lease and keep it."""
        self._thread.start()

    def release(self) -> None:
        """Give it up: a worker that leaves nothing behind is forgotten, else it is gone at once."""
        self._released.set()
        self._thread.join()
        try:
            if self._command("HLEN", runs_key(self._worker)):
                self._command("ZADD", WORKERS, 0, self._worker)
            else:
                self._command("ZREM", WORKERS, self._worker)
            for key, member in self._told.items():
                self._command("ZREM", key, member)
        except (RedisError, OSError) as error:
            logger.warning("Cannot release the lease of worker %s, it will expire: %s", self._worker, error)
        finally:
            self._disconnect()

    def _keep(self) -> None:
        failing = False
        while True:
            try:
                self._renew()
                failing = False
            except (RedisError, OSError) as error:
                if not failing:
                    logger.warning(
                        "Cannot renew the lease of worker %s, trying again: %s", self._worker, error
                    )
                failing = True
                self._disconnect()
            if self._released.wait(self._ttl / RENEWALS):
                return

    def _renew(self) -> None:
        queues, slots = self._consumption()
        keys = [queue_keys(queue).consumers for queue in queues]
        self._told.update(dict.fromkeys(keys, f"{self._worker} {slots}"))
        lease = int(self._ttl * 1000)
        self._command("EVAL", _RENEW, 1 + len(keys), WORKERS, *keys, self._worker, lease, slots)

    def _command(self, *args: str | bytes | int) -> object:
        self._connection = self._connection or self._connect()
        self._connection.send_command(*args)
        return self._connection.read_response()

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.disconnect()
            self._connection = None
