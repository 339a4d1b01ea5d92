"""What a benchmark must know of a server, whoever wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..load.payload import Payload
    from ..load.publisher import Command

Transport = Literal["WebSocket", "SSE"]


class Recipe(Protocol):
    """A server that repeats to its clients what is published in Redis."""

    @property
    def name(self) -> str:
        """As the table shows it."""

    @property
    def ours(self) -> bool:
        """Whether it has promises to keep."""

    @property
    def ready(self) -> str:
        """The path that answers 200 once the server serves."""

    def argv(self, port: int) -> Sequence[str]:
        """The command line of the server on a port of this machine."""

    def environment(self, port: int, redis_port: int) -> Mapping[str, str]:
        """What is added to its environment."""

    def path(self, transport: Transport, task_id: str) -> str:
        """Where a client follows a task."""

    def greeting(self) -> Iterable[Command]:
        """What a publisher sends to Redis first."""

    def publish(self, payload: Payload) -> Command:
        """The command that publishes an event."""
