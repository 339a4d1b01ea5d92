"""Whether the broker can be reached now: whatever it is, through Kombu, beside the event loop."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from threading import Thread
from typing import TYPE_CHECKING

from redis.sentinel import MasterNotFoundError

from taskbeam.connections.configuration_error import one_line, without_password
from taskbeam.gateway.connections.bounded_broker import bounded_connection

if TYPE_CHECKING:
    from celery import Celery


class BrokerCheck:
    """Connects as whoever sends tasks does, in a thread, and never in two at once.

    A broker may hang for longer than anybody waits; the thread then outlives the question, and the next one
    gets the same answer. It keeps no process from ending.
    """

    def __init__(self, celery_app: Celery, timeout: float) -> None:
        """``timeout``: seconds until a broker counts as unreachable."""
        self._celery_app = celery_app
        self._timeout = timeout
        self._attempt: Future[str | None] | None = None

    async def failure(self) -> str | None:
        """Why the broker cannot be reached, for whoever operates it; None if it can."""
        if self._attempt is None or self._attempt.done():
            self._attempt = self._begin()
        try:
            async with asyncio.timeout(self._timeout):
                return await asyncio.wrap_future(self._attempt)
        except TimeoutError:
            return (
                f"The broker {self._shown()} did not answer within {self._timeout:g} s. "
                "Check that it runs, and that the way to it is open."
            )

    def _begin(self) -> Future[str | None]:
        attempt: Future[str | None] = Future()
        attempt.set_running_or_notify_cancel()  # who stops waiting does not end it
        Thread(target=self._try, args=(attempt,), name="broker-check", daemon=True).start()
        return attempt

    def _try(self, attempt: Future[str | None]) -> None:
        try:
            _connect(self._celery_app, self._timeout)
        except Exception as error:  # each transport has errors of its own
            attempt.set_result(f"The broker {self._shown()} cannot be reached: {_why(error)}")
        else:
            attempt.set_result(None)

    def _shown(self) -> str:
        urls = self._celery_app.conf.broker_write_url
        return without_password(urls) if urls else "amqp://localhost (broker_url is not set)"


def _why(error: Exception) -> str:
    if isinstance(error, MasterNotFoundError):  # its text has the sentinels' passwords in some versions
        name = one_line(error).partition(" : ")[0]
        return (
            f"{name} by the sentinels. Check that they run and know it, and in broker_transport_options "
            "master_name and sentinel_kwargs (a password of the sentinels' own)."
        )
    return f"{one_line(error)}. Check broker_url, and that the broker runs."


def _connect(celery_app: Celery, timeout: float) -> None:
    """Once to each broker that is configured, until one answers; raises the last one's error."""
    with bounded_connection(celery_app, timeout) as connection:
        others = max(len(connection.alt) - 1, 0)
        connection.ensure_connection(
            max_retries=others, interval_start=0, interval_step=0, reraise_as_library_errors=False
        )
