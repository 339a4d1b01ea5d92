"""What a benchmark must know of a server, whoever wrote it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from stack.readiness import UrlAnswers

from ..load.client import STREAMS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ..load.client import Client, Transport
    from ..load.following import Following
    from ..load.publisher import Publisher


class UnavailableError(Exception):
    """A server cannot run on this machine; the message says why."""


class Site(NamedTuple):
    """Where a server runs: its port on this machine, its Redis' port, and a directory of its own."""

    port: int
    redis_port: int
    home: Path


class Recipe(ABC):
    """A server that repeats to its clients what is published for a task."""

    #: Whether it has promises to keep.
    ours: ClassVar[bool] = False
    #: The path that answers 200 once the server serves.
    ready: ClassVar[str] = "/healthz"
    #: A path that it answers at once, by which one can tell that it is not busy with something else.
    alive: ClassVar[str] = "/healthz"
    #: The clients that can follow a task there, by transport.
    clients: ClassVar[Mapping[Transport, type[Client]]] = STREAMS
    #: Whether a client that comes back is sent what it missed.
    replays: ClassVar[bool] = False
    #: Whether it takes minutes to obtain.
    heavy: ClassVar[bool] = False
    #: How many processes share its port.
    processes: int = 1

    @property
    @abstractmethod
    def name(self) -> str:
        """As the table shows it."""

    @abstractmethod
    def prepare(self, *, obtain: bool) -> str:
        """See that it can run, and return its version; ``obtain``: install or compile what is not there.

        Raises `UnavailableError`.
        """

    @abstractmethod
    def argv(self, site: Site) -> Sequence[str]:
        """The command line that starts it."""

    def environment(self, site: Site) -> Mapping[str, str]:  # noqa: ARG002
        """What is added to its environment."""
        return {}

    def is_ready(self, site: Site) -> bool:
        """Whether it serves."""
        return UrlAnswers(f"http://127.0.0.1:{site.port}{self.ready}")()

    @abstractmethod
    def follow(self, transport: Transport, task_id: str, after: str = "") -> Following:
        """How a client follows a task; ``after``: it has had that event, whose id this is, before."""

    @abstractmethod
    async def publisher(self, site: Site) -> Publisher:
        """Connect to where events are published."""
