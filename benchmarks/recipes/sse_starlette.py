"""sse-starlette with a redis-py pub/sub for each stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from .. import obtain as obtaining
from ..load.client import EventSourceClient
from ..load.following import Following
from .asgi import AsgiRecipe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..load.client import Client, Transport


@dataclass(frozen=True)
class SseStarlette(AsgiRecipe):
    """With its defaults: a ping every 15 s."""

    clients: ClassVar[Mapping[Transport, type[Client]]] = {"SSE": EventSourceClient}
    module: ClassVar[str] = "sse_starlette_app"

    @property
    def name(self) -> str:
        return "sse-starlette"

    def prepare(self, *, obtain: bool) -> str:  # noqa: ARG002
        return obtaining.python_package("sse-starlette")

    def follow(self, transport: Transport, task_id: str, after: str = "") -> Following:  # noqa: ARG002
        return Following(f"/tasks/{task_id}/events")
