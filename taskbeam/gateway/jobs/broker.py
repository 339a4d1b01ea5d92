"""What the gateway says to the broker: tasks for the workers, and revocations. Beside the event loop."""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kombu.exceptions import OperationalError
from kombu.pools import connections, producers

if TYPE_CHECKING:
    from celery import Celery
    from kombu import Connection

#: What a broker that is away makes Kombu raise.
BROKER_ERRORS = (OperationalError, OSError)


class Broker:
    """The Celery application's broker. Each call takes a thread, and none is tried again: the client can."""

    def __init__(self, celery_app: Celery) -> None:
        self.celery_app = celery_app

    async def send(self, name: str, **options: Any) -> None:
        """Send a task; ``options`` are those of `Celery.send_task`. Raises `BROKER_ERRORS`."""
        await asyncio.to_thread(self._send, name, options)

    async def revoke(self, task_id: str, *, terminate: bool) -> None:
        """Tell the workers that listen now to revoke a task. Raises `BROKER_ERRORS`."""
        await asyncio.to_thread(self._revoke, task_id, terminate)

    @cached_property
    def _connection(self) -> Connection:
        # Kombu would go on connecting for seconds, without `retry`, too.
        return self.celery_app.connection_for_write(transport_options={"max_retries": 0})

    def _send(self, name: str, options: dict[str, Any]) -> None:
        with producers[self._connection].acquire(block=True) as producer:
            self.celery_app.send_task(name, producer=producer, retry=False, **options)

    def _revoke(self, task_id: str, terminate: bool) -> None:
        with connections[self._connection].acquire(block=True) as connection:
            self.celery_app.control.revoke(task_id, terminate=terminate, connection=connection)
