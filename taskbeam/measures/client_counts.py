"""Who is connected, and what clients were told is wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum


class Transport(StrEnum):
    """How a client follows. A poll is there while its request is being answered."""

    SSE = "sse"
    WEBSOCKET = "websocket"
    POLL = "poll"


@dataclass(slots=True)
class ClientCounts:
    """Of one gateway.

    - ``connections``: those that it has admitted, by transport; ``opened``: how many ever were.
    - ``problems``: by code, how often a client was told of one: as an answer, in a stream, on a socket.
    """

    connections: Counter[Transport] = field(default_factory=Counter)
    opened: Counter[Transport] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)

    def came(self, transport: Transport) -> None:
        """A connection was admitted."""
        self.connections[transport] += 1
        self.opened[transport] += 1

    def went(self, transport: Transport) -> None:
        """It counts no more."""
        self.connections[transport] -= 1
