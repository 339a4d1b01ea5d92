"""The backend, as those see it who hear what Celery signals."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from taskbeam.celery.canvas import Canvas
    from taskbeam.celery.options import Options
    from taskbeam.journal.describe import Description
    from taskbeam.journal.labels import Labels


class Journal(ABC):
    """A backend that tells what its tasks do. No protocol: each start of a run asks whether it is one."""

    options: Options

    @property
    @abstractmethod
    def watches_runs(self) -> bool:
        """Whether its runs are registered, so that a watchdog finds those of a worker that died.

        So are places in queues, and how long tasks run.
        """

    # A task is sent.

    @abstractmethod
    def append_pending(
        self,
        task_id: str,
        name: str,
        canvas: Canvas,
        eta: datetime | None = None,
        queue: str = "",
        labels: Labels | None = None,
    ) -> bool:
        """Begin the journals of a task that is sent, and of those that its message has to follow.

        ``queue`` is the one that the task takes a ticket of. Those that follow inherit its ``labels``.
        Returns whether PENDING is told; it is not where a task goes on under its id.
        """

    @abstractmethod
    def append_unsent(self, task_id: str) -> None:
        """End the journal of a task whose message was not published after all; its sender does not wait."""

    @abstractmethod
    def append_replaced(self, task_id: str, run: str) -> None:
        """Tell that a run of the task is over, because another one takes its place, unless it is told."""

    @abstractmethod
    def seal_group(self, group: str, members: Sequence[str]) -> None:
        """All members of a group are sent."""

    # A run goes on.

    @abstractmethod
    def append_event(self, request: Any, description: Description, state: str = "", **fields: Any) -> None:
        """Append an event beside the stored result: a log line, a chunk of data, an untold start or end."""

    @abstractmethod
    def follow_eager(self, task: Any) -> bool:
        """Whether a task is told that begins in its caller: nobody was given an id to follow."""

    @abstractmethod
    def be_present(self) -> None:
        """This process runs tasks: hold a lease on the server that they are told on."""

    # A worker is ready.

    @abstractmethod
    def load_cancelled(self) -> list[str]:
        """The tasks that were cancelled while they were queued, this worker being away or not."""

    @abstractmethod
    def publish_schemas(self) -> None:
        """Publish the types of the payloads that this worker's tasks have registered."""

    @abstractmethod
    def warn_of_eviction(self) -> None:
        """Say in the log if a server with journals drops keys when it is full."""
