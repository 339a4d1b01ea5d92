"""No stream at all: the page asks for the task's state once a second, as in the tutorial."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from .. import obtain as obtaining
from ..load.client import PollingClient
from ..load.following import Following
from ..load.publisher import RedisPublisher
from .asgi import AsgiRecipe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..load.client import Client, Transport
    from ..load.payload import Payload
    from ..load.publisher import Command
    from .recipe import Site


@dataclass(frozen=True)
class Polling(AsgiRecipe):
    """`GET /reports/{task_id}` over a connection that stays open, stood beside the event streams."""

    clients: ClassVar[Mapping[Transport, type[Client]]] = {"SSE": PollingClient}
    module: ClassVar[str] = "polling_app"

    @property
    def name(self) -> str:
        return "polling, every second"

    def prepare(self, *, obtain: bool) -> str:  # noqa: ARG002
        return ", ".join(map(obtaining.python_package, ("fastapi", "celery")))

    def follow(self, transport: Transport, task_id: str, after: str = "") -> Following:  # noqa: ARG002
        return Following(f"/reports/{task_id}")

    async def publisher(self, site: Site) -> RedisPublisher:
        return await RedisPublisher.connect(site.redis_port, _store)


def _store(event: Payload) -> Command:
    """What stock Celery stores at `update_state`; nobody listens to what it publishes."""
    result = json.loads(event.body)
    meta = {
        "status": "PROGRESS",
        "result": result,
        "traceback": None,
        "children": [],
        "date_done": None,
        "task_id": event.task_id,
    }
    return ("SETEX", f"celery-task-meta-{event.task_id}", 86400, json.dumps(meta))
