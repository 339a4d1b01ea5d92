"""What keeps a browser's user safe from other sites' pages.

A browser sends its cookies, and reaches loopback addresses, whichever page asks; the `Origin` header, which
no page can forge, says which one did (Fetch standard, 3.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.websockets import WebSocket

from taskbeam.gateway.http.problem_details import ProblemResponse
from taskbeam.gateway.problems import FOREIGN_ORIGIN

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.applications import Starlette
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Methods that change nothing (RFC 9110, 9.2.1).
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

#: For every page of ours: nothing from elsewhere, nothing inline, in nobody's frame.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

#: What the jobs stored is shown, by our own pages too, and runs nothing.
FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'self'"

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


#: What pages of allowed origins may do, as arguments of Starlette's `CORSMiddleware`.
CORS: dict[str, Any] = {
    "allow_methods": ["GET", "POST"],
    "allow_headers": ["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "X-API-Key"],
    "expose_headers": ["ETag", "Location", "Retry-After"],
    "allow_credentials": True,
}


def install_browser_safety(app: Starlette, allowed: Collection[str]) -> None:
    """Give an application's own routes the gateway's headers, and refuse other sites' pages.

    ``allowed``: origins, such as ``https://shop.example``, whose pages may speak with the application.
    """
    app.add_middleware(OriginCheck, allowed=allowed)
    if allowed:
        app.add_middleware(CORSMiddleware, allow_origins=list(allowed), **CORS)
    app.add_middleware(SafetyHeaders)


def is_foreign(origin: str | None, host: str | None, allowed: Collection[str]) -> bool:
    """Whether a page of another site asks: one that is neither ours nor allowed. Programs have no origin."""
    if origin is None or origin in allowed:
        return False
    # Behind a proxy with TLS our own scheme is not the browser's, so only the place is compared.
    return host is None or origin.partition("://")[2].lower() != host.lower()


class OriginCheck:
    """ASGI middleware: pages of other sites open no socket, and change nothing."""

    def __init__(self, app: ASGIApp, allowed: Collection[str]) -> None:
        self._app = app
        self._allowed = frozenset(allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_socket = scope["type"] == "websocket"
        if is_socket or (scope["type"] == "http" and scope["method"] not in SAFE):
            headers = Headers(scope=scope)
            if is_foreign(headers.get("origin"), headers.get("host"), self._allowed):
                await _refuse(scope, receive, send)
                return
        await self._app(scope, receive, send)


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    response = ProblemResponse(FOREIGN_ORIGIN)
    if scope["type"] == "http":
        await response(scope, receive, send)
    elif "websocket.http.response" in scope.get("extensions", {}):
        await WebSocket(scope, receive, send).send_denial_response(response)
    else:
        await WebSocket(scope, receive, send).close()  # the server answers 403


def safety_headers(path: str) -> dict[str, str]:
    """What an answer says of itself to browsers."""
    is_file = "/files/" in path
    return HEADERS | {
        "Content-Security-Policy": FILE_POLICY if is_file else POLICY,
        "X-Frame-Options": "SAMEORIGIN" if is_file else "DENY",
    }


class SafetyHeaders:
    """ASGI middleware: each answer says what a browser may make of it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        safety = safety_headers(scope["path"])

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in safety.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)
