"""What keeps a browser's user safe from other sites' pages.

A browser sends its cookies, and reaches loopback addresses, whichever page asks; the `Origin` header, which
no page can forge, says which one did (Fetch standard, 3.2). Of a page whose site's name was rebound to an
address of the gateway's, only the `Host` tells (`taskbeam.gateway.http.hosts`).
"""

from __future__ import annotations

from mimetypes import guess_type
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.websockets import WebSocket

from taskbeam.gateway.http.hosts import ANY, AllowedHosts, refusal_detail
from taskbeam.gateway.http.origins import allowed_origin, is_foreign
from taskbeam.gateway.http.problem_details import ProblemResponse
from taskbeam.gateway.problems import FOREIGN_ORIGIN, UNKNOWN_HOST, TaskbeamError

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.applications import Starlette
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Methods that change nothing (RFC 9110, 9.2.1).
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

#: Paths that are answered whatever host they are asked of: they say nothing of any task.
SUPERVISION = frozenset({"/healthz", "/readyz"})

#: For every page of ours: nothing from elsewhere, nothing inline, in nobody's frame.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; frame-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)

#: What the jobs stored is shown, by our own pages too. It runs nothing, sends nothing, and is of no origin.
FILE_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)

#: A browser shows these, and runs nothing of them. All others are for the disk.
INERT = frozenset(
    {
        "application/json",
        "application/pdf",
        "image/avif",
        "image/gif",
        "image/jpeg",
        "image/png",
        "image/webp",
        "text/csv",
        "text/plain",
    }
)
INERT_KINDS = ("audio/", "video/")

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def install_browser_safety(
    app: Starlette, allowed: Collection[str], hosts: AllowedHosts | None = None
) -> None:
    """Give an application's own routes the gateway's headers, and refuse other sites' pages.

    Args:
        app: the application.
        allowed: origins, such as ``https://shop.example``, whose pages may speak with the application.
        hosts: what the application answers to, such as its gateway's `Gateway.hosts`; by default every host.

    Raises:
        ValueError: one of ``allowed`` is no origin.
    """
    sites = Sites(hosts or AllowedHosts([ANY]), allowed)
    app.add_middleware(SiteCheck, sites=sites)
    if sites.allowed:
        app.add_middleware(CORSMiddleware, **cors(sites.allowed))
    app.add_middleware(SafetyHeaders)


def cors(allowed: Collection[str]) -> dict[str, Any]:
    """What pages of ``allowed`` origins may do, as arguments of Starlette's `CORSMiddleware`."""
    return {
        "allow_origins": sorted(allowed),
        "allow_methods": ["GET", "POST", "PUT", "DELETE"],
        "allow_headers": [
            "Authorization",
            "Content-Type",
            "Idempotency-Key",
            "If-None-Match",
            "Last-Event-ID",
            "X-API-Key",
        ],
        "expose_headers": ["ETag", "Location", "Retry-After"],
        "allow_credentials": True,
    }


class Sites:
    """Which requests are answered: those for the gateway's own hosts, and not those of other sites' pages."""

    def __init__(self, hosts: AllowedHosts, allowed: Collection[str]) -> None:
        """``allowed``: other sites' origins whose pages may change something, too. Raises `ValueError`."""
        self.hosts = hosts
        self.allowed = frozenset(map(allowed_origin, allowed))

    def check(self, scope: Scope) -> None:
        """Raise `TaskbeamError` ``unknown_host`` or ``foreign_origin``, if it has to be refused."""
        headers = Headers(scope=scope)
        named = headers.getlist("host")
        host = named[0] if len(named) == 1 else None
        if not self.hosts.allow(host, _server_name(scope)):
            raise TaskbeamError(UNKNOWN_HOST, refusal_detail(host))
        is_safe = scope["type"] == "http" and scope["method"] in SAFE
        if is_safe:
            return
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if is_foreign(origin, site, scope.get("scheme", "http"), host, self.allowed):
            raise TaskbeamError(FOREIGN_ORIGIN)


def _server_name(scope: Scope) -> str | None:
    server = scope.get("server")
    return server[0] if server else None


class SiteCheck:
    """ASGI middleware: `Sites` for everything in an application but the answers to who supervises it."""

    def __init__(self, app: ASGIApp, sites: Sites) -> None:
        self.app = app
        self._sites = sites

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and not _is_supervision(scope):
            try:
                self._sites.check(scope)
            except TaskbeamError as error:
                await _refuse(error, scope, receive, send)
                return
        await self.app(scope, receive, send)


def _is_supervision(scope: Scope) -> bool:
    """A load balancer asks by address, or by a name of its own."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "")) in SUPERVISION


async def _refuse(error: TaskbeamError, scope: Scope, receive: Receive, send: Send) -> None:
    response = ProblemResponse(error.problem, error.more)
    if scope["type"] == "http":
        await response(scope, receive, send)
    elif "websocket.http.response" in scope.get("extensions", {}):
        await WebSocket(scope, receive, send).send_denial_response(response)
    else:
        await WebSocket(scope, receive, send).close()  # the server answers 403


def safety_headers(path: str) -> dict[str, str]:
    """What an answer says of itself to browsers; what a job stored, by the name that was asked for."""
    if "/files/" in path:
        return HEADERS | _file_headers(stored_type(path))
    return HEADERS | {"Content-Security-Policy": POLICY, "X-Frame-Options": "DENY"}


def stored_type(path: str) -> str:
    """The media type of a stored file, by its name alone."""
    return guess_type(path.rpartition("/")[2])[0] or "application/octet-stream"


def _file_headers(media_type: str) -> dict[str, str]:
    policy = FILE_POLICY
    if media_type == "application/pdf":
        policy = policy.removeprefix("sandbox; ")  # in which Chromium does not start its viewer
    headers = {
        "Content-Security-Policy": policy,
        "X-Frame-Options": "SAMEORIGIN",
        # Pages of allowed origins embed a file by CORS (`crossorigin`), which this does not touch.
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if media_type not in INERT and not media_type.startswith(INERT_KINDS):
        headers["Content-Disposition"] = "attachment"
    return headers


class SafetyHeaders:
    """ASGI middleware: each answer says what a browser may make of it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        safety = safety_headers(scope["path"])

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in safety.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)
