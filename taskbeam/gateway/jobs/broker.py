"""What the gateway says to the broker: tasks for the workers, and revocations. Beside the event loop."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from kombu.exceptions import OperationalError
from kombu.pools import connections, producers

from taskbeam.background.calls import BlockingCalls
from taskbeam.celery.journal_backend import JournalBackend
from taskbeam.gateway.connections.bounded_broker import bounded_connection
from taskbeam.gateway.connections.sound_connection import sound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from celery import Celery
    from kombu import Connection, Producer

Result = TypeVar("Result")

#: What a broker that is away or silent makes Kombu or us raise; `TimeoutError` is one of them.
BROKER_ERRORS = (OperationalError, OSError)

#: Messages that are sent at once. Each holds a connection, of which Kombu's pools have ten by default.
AT_ONCE = 8


class Broker:
    """The Celery application's broker. Nothing is tried again: the client can.

    Each call ends within ``timeout`` seconds, also where the broker takes connections and never answers, and
    where so many calls hang that others have to wait for a thread.
    """

    def __init__(self, celery_app: Celery, timeout: float) -> None:
        self.celery_app = celery_app
        self._timeout = timeout
        self._calls = BlockingCalls("taskbeam-broker", AT_ONCE, self._drop_connections)

    async def send(self, name: str, options: Mapping[str, Any]) -> None:
        """Send a task; ``options`` are those of `Celery.send_task`, with its ``task_id``.

        Raises `BROKER_ERRORS`. A message is not published after that, but one that is under way may arrive.
        """
        sending = _Sending(self.celery_app, self._connection, name, options)
        try:
            await self._calls.run(sending, self._timeout)
        except BaseException:
            sending.given_up = True
            raise

    async def revoke(self, task_id: str, *, terminate: bool) -> None:
        """Tell the workers that listen now to revoke a task. Raises `BROKER_ERRORS`."""
        control = self.celery_app.control
        await self.ask(partial(control.revoke, task_id, terminate=terminate), 0)

    async def has_workers(self, within: float) -> bool:
        """Whether any worker answers on it ``within`` so many seconds. Raises `BROKER_ERRORS`."""
        inspect = self.celery_app.control.inspect
        return await self.ask(
            lambda connection: bool(inspect(timeout=within, connection=connection).ping()), within
        )

    async def ask(self, act: Callable[..., Result], within: float) -> Result:
        """Call ``act`` with a ``connection`` of its own, for ``within`` seconds beside the time of a call.

        Raises `BROKER_ERRORS`, and what ``act`` raises.
        """
        return await self._calls.run(partial(self._connected, act), within + self._timeout)

    def close(self) -> None:
        """Let the threads end."""
        self._calls.close()

    @cached_property
    def _connection(self) -> Connection:
        return bounded_connection(self.celery_app, self._timeout)

    def _connected(self, act: Callable[..., Result]) -> Result:
        with connections[self._connection].acquire(block=True) as connection, sound(connection):
            return act(connection=connection)

    def _drop_connections(self) -> None:
        """A thread tells the journals of what it sends over connections of its own."""
        backend = self.celery_app.backend
        if isinstance(backend, JournalBackend):
            backend.drop_connections()


class _Sending:
    """Sends one task, unless its sender has given up before the message is published."""

    def __init__(
        self, celery_app: Celery, connection: Connection, name: str, options: Mapping[str, Any]
    ) -> None:
        self.given_up = False
        self._celery_app = celery_app
        self._connection = connection
        self._name = name
        self._options = options

    def __call__(self) -> None:
        with (
            producers[self._connection].acquire(block=True) as producer,
            sound(producer.connection),
        ):
            # Connects now: where that fails, nobody has heard of the task.
            producer.revive(producer.connection.default_channel)
            if self.given_up:
                return
            wanted = cast("Producer", _Wanted(producer, self))
            with suppress(_GivenUpError):
                self._celery_app.send_task(self._name, producer=wanted, retry=False, **self._options)


class _GivenUpError(Exception):
    """Nobody waits for the message any more."""


class _Wanted:
    """A producer for one message, which is published only while somebody waits for that."""

    def __init__(self, producer: Producer, sending: _Sending) -> None:
        self._producer = producer
        self._sending = sending

    def __getattr__(self, name: str) -> Any:
        return getattr(self._producer, name)

    def publish(self, *args: Any, **kwargs: Any) -> Any:
        if self._sending.given_up:
            raise _GivenUpError
        return self._producer.publish(*args, **kwargs)
