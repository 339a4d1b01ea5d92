"""What a server takes in before the application is asked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taskbeam.gateway.limits.portions import Portions
    from taskbeam.gateway.limits.waiting_room import WaitingRoom
    from taskbeam.gateway.server.connection_life import Bounds


@dataclass(frozen=True, slots=True)
class Intake:
    """What a server takes in: ``room`` for those who wait, ``connections`` in all, and each one's bounds.

    ``portions``: in which it is parsed. ``frame_rate``: frames per second that end no message, on a WebSocket
    that is not detached. ``problems``: where is counted, by code, what the server answers itself.
    """

    bounds: Bounds
    room: WaitingRoom
    connections: int
    portions: Portions
    frame_rate: float = 200.0
    problems: Counter[str] = field(default_factory=Counter)
