"""broadcaster, by the authors of Starlette: one Redis connection, and a queue for each WebSocket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from .. import obtain as obtaining
from ..load.client import WebSocketClient
from ..load.following import Following
from .asgi import AsgiRecipe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..load.client import Client, Transport


@dataclass(frozen=True)
class Broadcaster(AsgiRecipe):
    """As its README has it, where those who subscribe first, or two at once, may hear nothing (0.3.1)."""

    clients: ClassVar[Mapping[Transport, type[Client]]] = {"WebSocket": WebSocketClient}
    module: ClassVar[str] = "broadcaster_app"

    @property
    def name(self) -> str:
        return "broadcaster"

    def prepare(self, *, obtain: bool) -> str:  # noqa: ARG002
        return obtaining.python_package("broadcaster")

    def follow(self, transport: Transport, task_id: str, after: str = "") -> Following:  # noqa: ARG002
        return Following(f"/tasks/{task_id}/ws")
