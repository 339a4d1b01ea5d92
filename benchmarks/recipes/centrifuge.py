"""Centrifuge, the Go library that Centrifugo is built on: in memory, or with Redis behind it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote

from ..load.following import Following
from ..load.publisher import HttpPublisher, Post
from .go import GoRecipe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..load.client import Transport
    from ..load.payload import Payload
    from .recipe import Site

#: Its ping is an empty command, and so is the answer.
PING = b"{}"


@dataclass(frozen=True)
class Centrifuge(GoRecipe):
    """``redis``: its broker is Redis, as it must be where there is more than one server."""

    redis: bool = False
    ready: ClassVar[str] = "/health"
    alive: ClassVar[str] = "/health"
    replays: ClassVar[bool] = True
    main: ClassVar[str] = "centrifuge_hub"
    module: ClassVar[str] = "github.com/centrifugal/centrifuge"

    @property
    def name(self) -> str:
        return f"Centrifuge, {'Redis' if self.redis else 'memory'}"

    def argv(self, site: Site) -> Sequence[str]:
        redis = (f"127.0.0.1:{site.redis_port}",) if self.redis else ()
        return (self.program, f"127.0.0.1:{site.port}", *redis)

    def follow(self, transport: Transport, task_id: str, after: str = "") -> Following:
        # Its stream counts from 1, as our events do.
        seq = int(after.rpartition("-")[2] or 0)
        position = {"subs": {task_id: {"recover": True, "offset": seq}}} if after else {}
        connect = json.dumps({"id": 1, "connect": position}, separators=(",", ":"))
        if transport == "WebSocket":
            return Following(
                f"/connection/websocket?task={task_id}", hello=connect.encode(), answers={PING: PING}
            )
        return Following(f"/connection/sse?task={task_id}&cf_connect={quote(connect)}")

    async def publisher(self, site: Site) -> HttpPublisher:
        return await HttpPublisher.connect(site.port, _post)


def _post(event: Payload) -> Post:
    return Post(f"/publish?task={event.task_id}", event.body)
