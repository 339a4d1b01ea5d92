"""A request's body has a largest size: what is said to be larger is refused unread, the rest as it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from taskbeam.gateway.http.problem_details import ProblemResponse
from taskbeam.gateway.problems import TOO_LARGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class BodyLimit:
    """ASGI middleware; ``larger`` are the paths that take more than ``limit`` bytes, with how much."""

    def __init__(self, app: ASGIApp, limit: int, larger: Mapping[str, int] | None = None) -> None:
        self.app = app
        self._limit = limit
        self._larger = larger or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        limit = self._larger.get(scope["path"], self._limit)
        if _declared(scope) > limit:
            await ProblemResponse(TOO_LARGE, headers={"Connection": "close"})(scope, receive, send)
            return
        read = 0

        async def receive_limited() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                # FastAPI takes any other exception for a broken body.
                raise HTTPException(TOO_LARGE.status)
            return message

        await self.app(scope, receive_limited, send)


def _declared(scope: Scope) -> int:
    """What its Content-Length says; 0 where it says nothing."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value)  # the server has refused what is no number
    return 0
