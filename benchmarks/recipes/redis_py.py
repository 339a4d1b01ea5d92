"""FastAPI with a redis-py pub/sub for each connection: as the documentation has it, and at its leanest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from .. import obtain as obtaining
from ..load.following import Following
from .asgi import AsgiRecipe
from .channels import CHANNEL_PREFIX, PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..load.client import Transport
    from .recipe import Site


@dataclass(frozen=True)
class RedisPy(AsgiRecipe):
    """``leanest``: without what can be left out, which are WebSocket compression and FastAPI's own
    Server-Sent Events with their heartbeat. ``prefix``: of the channels that it repeats.
    """

    leanest: bool = False
    prefix: str = PREFIX
    module: ClassVar[str] = "redis_py_app"

    @property
    def name(self) -> str:
        return "leanest recipe" if self.leanest else "usual recipe"

    @property
    def options(self) -> Sequence[str]:
        return ("--ws-per-message-deflate", "false") if self.leanest else ()

    def prepare(self, *, obtain: bool) -> str:  # noqa: ARG002
        return ", ".join(map(obtaining.python_package, ("fastapi", "redis", "uvicorn")))

    def environment(self, site: Site) -> Mapping[str, str]:
        return {**super().environment(site), CHANNEL_PREFIX: self.prefix}

    def follow(self, transport: Transport, task_id: str, after: str = "") -> Following:  # noqa: ARG002
        if transport == "WebSocket":
            return Following(f"/tasks/{task_id}/ws")
        return Following(f"/tasks/{task_id}/{'bare-events' if self.leanest else 'events'}")
