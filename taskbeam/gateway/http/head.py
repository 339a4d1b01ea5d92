"""HEAD wherever there is GET (RFC 9110, 9.1), with the same status and header."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Match
    from starlette.types import Receive, Scope, Send

#: In the scope of a request that FastAPI took for a GET.
_ASKED = "taskbeam.head"


class AnswersHead(APIRoute):
    """A route for GET that also answers HEAD; the document of the API has GET alone.

    The endpoint is called as for GET, and sees the request's own method. The server leaves out the body.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return super().matches(self._as_get(scope))

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in self._answered():
            raise HTTPException(405, headers={"Allow": ", ".join(sorted(self._answered()))})
        await super().handle(self._as_get(scope), receive, send)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_either(request: Request) -> Response:
            if _ASKED in request.scope:
                request.scope["method"] = "HEAD"
            return await handle(request)

        return handle_either

    def _answered(self) -> set[str]:
        methods: set[str] = self.methods or set()
        return methods | {"HEAD"} if "GET" in methods else methods

    def _as_get(self, scope: Scope) -> Scope:
        if scope["type"] == "http" and scope["method"] == "HEAD" and "GET" in self._answered():
            return {**scope, "method": "GET", _ASKED: True}
        return scope
