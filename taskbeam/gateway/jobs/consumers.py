"""Tell workers by Celery's remote control to stop consuming a queue, and to go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kombu.exceptions import OperationalError

from taskbeam.connections.configuration_error import one_line
from taskbeam.gateway.problems import NO_WORKER_ANSWERED, REMOTE_CONTROL_OFF, TaskbeamError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from celery import Celery
    from kombu import Connection

    from taskbeam.gateway.jobs.broker import Broker

#: Seconds within which a worker is to answer; one whose solo pool runs a task does not.
ANSWER = 2.0

NOBODY = (
    f"No worker answered within {ANSWER:g} s: none is online, all are busy (the solo pool answers between "
    "tasks), or they were started with worker_enable_remote_control off."
)


class Consumers:
    """Of one application."""

    def __init__(self, celery_app: Celery, broker: Broker) -> None:
        self._celery_app = celery_app
        self._broker = broker

    async def of(self, queue: str) -> dict[str, bool]:
        """The workers that answer, each with whether it consumes the queue. Raises as `cancel` does."""

        def ask(connection: Connection) -> Mapping[str, Sequence[Mapping[str, Any]]]:
            inspect = self._celery_app.control.inspect(timeout=ANSWER, connection=connection)
            return inspect.active_queues() or {}

        answers = await self._asked(ask)
        if not answers:
            raise TaskbeamError(NO_WORKER_ANSWERED, NOBODY)
        return {worker: any(each["name"] == queue for each in found) for worker, found in answers.items()}

    async def cancel(self, queue: str, workers: Sequence[str]) -> set[str]:
        """Tell them to stop consuming it; returns those that do. What they have fetched they still run.

        Raises `TaskbeamError` ``remote_control_off``, ``no_worker_answered``; `BROKER_ERRORS`.
        """
        return await self._tell("cancel_consumer", queue, workers)

    async def add(self, queue: str, workers: Sequence[str]) -> set[str]:
        """Tell them to consume it; the same."""
        return await self._tell("add_consumer", queue, workers)

    async def _tell(self, command: str, queue: str, workers: Sequence[str]) -> set[str]:
        def ask(connection: Connection) -> list[dict[str, Any]]:
            return (
                self._celery_app.control.broadcast(
                    command,
                    {"queue": queue},
                    destination=list(workers),
                    reply=True,
                    timeout=ANSWER,
                    limit=len(workers),
                    connection=connection,
                )
                or []
            )

        if not workers:  # Celery takes none for all
            return set()
        answers = await self._asked(ask)
        return {worker for each in answers for worker, said in each.items() if "ok" in said}

    async def _asked(self, ask: Callable[[Connection], Any]) -> Any:
        if not self._celery_app.conf.worker_enable_remote_control:
            raise TaskbeamError(REMOTE_CONTROL_OFF)

        def asking(connection: Connection) -> Any:
            try:
                return ask(connection)
            except (*connection.connection_errors, *connection.channel_errors) as error:
                raise OperationalError(one_line(error)) from error

        return await self._broker.ask(asking, ANSWER)
