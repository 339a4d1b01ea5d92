"""Static files: the page, and what the jobs stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocketClose

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


class Files(StaticFiles):
    """Files of a folder, over HTTP. A WebSocket finds nothing here (Starlette's own would fail)."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    async def check_config(self) -> None:
        """A folder that is not there yet is an empty one, and no error."""
