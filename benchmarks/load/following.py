"""How a client follows a task on some server: what it asks, and what it says on an open WebSocket."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Following:
    """A request, and a conversation where a server's protocol wants one.

    - ``headers``: beside Host and the transport's own; each ends with CR LF.
    - ``hello``: the text message that a client sends once the WebSocket is open; empty = none.
    - ``last``: the number of the event that the client has had before; 0 = none.
    - ``answers``: what it sends to which text message, such as a protocol's own ping.
    """

    path: str
    headers: str = ""
    hello: bytes = b""
    last: int = 0
    answers: Mapping[bytes, bytes] = field(default_factory=dict)
