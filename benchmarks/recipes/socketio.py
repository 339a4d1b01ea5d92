"""python-socketio with its Redis manager: a room per task, events from another process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from .. import obtain as obtaining
from ..load.client import WebSocketClient
from ..load.following import Following
from ..load.publisher import RedisPublisher
from .asgi import AsgiRecipe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..load.client import Client, Transport
    from ..load.payload import Payload
    from ..load.publisher import Command
    from .recipe import Site

#: The manager's default channel.
CHANNEL = "socketio"


@dataclass(frozen=True)
class SocketIO(AsgiRecipe):
    """Follows a room over a WebSocket from the start, without the polling that its clients may begin with."""

    clients: ClassVar[Mapping[Transport, type[Client]]] = {"WebSocket": WebSocketClient}
    module: ClassVar[str] = "socketio_app"

    @property
    def name(self) -> str:
        return "python-socketio"

    def prepare(self, *, obtain: bool) -> str:  # noqa: ARG002
        return obtaining.python_package("python-socketio")

    def follow(self, transport: Transport, task_id: str, after: str = "") -> Following:  # noqa: ARG002
        # Engine.IO's "4" is a message and Socket.IO's "0" in it connects; "2" and "3" are ping and pong.
        return Following(
            f"/socket.io/?EIO=4&transport=websocket&task={task_id}", hello=b"40", answers={b"2": b"3"}
        )

    async def publisher(self, site: Site) -> RedisPublisher:
        return await RedisPublisher.connect(site.redis_port, _emit)


def _emit(event: Payload) -> Command:
    """What `RedisManager(write_only=True).emit("event", ..., room=...)` publishes."""
    message = {
        "method": "emit",
        "event": "event",
        "data": [json.loads(event.body)],
        "binary": False,
        "namespace": "/",
        "room": event.task_id,
        "skip_sid": None,
        "callback": None,
        "host_id": "benchmark",
    }
    return ("PUBLISH", CHANNEL, json.dumps(message))
