"""uvicorn's HTTP protocol with a limited intake; it has no limits of its own before the application."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from taskbeam.gateway.http.problem_details import problem_body, problem_headers
from taskbeam.gateway.problems import HEAD_TOO_LARGE, TOO_MANY_CONNECTIONS, TOO_SLOW
from taskbeam.gateway.server.proxy_headers import forwarded_prefix

if TYPE_CHECKING:
    import asyncio

    from taskbeam.gateway.problems import Problem


class IntakeLimits(NamedTuple):
    """``head_bytes`` of a request line with its headers; seconds until the head, and the body, is there."""

    connections: int
    head_bytes: int
    head_seconds: float
    body_seconds: float


class GuardedHttp(HttpToolsProtocol):
    """Refuses a request that is too large, comes too slowly, or on one connection too many."""

    def __init__(self, intake: IntakeLimits, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._intake = intake
        self._head_size = 0
        self._head_ended = False
        self._refused = False
        self._one_too_many = False
        self._late: asyncio.TimerHandle | None = None

    # What asyncio calls.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._one_too_many = len(self.connections) > self._intake.connections
        self._expect(self._intake.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect_nothing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        if not self._head_ended:
            self._head_size += len(data)
        super().data_received(data)
        if not self._head_ended and self._head_size > self._intake.head_bytes:
            self._refuse(HEAD_TOO_LARGE)

    # What the parser calls.

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_ended = False
        if self._late is None:
            self._expect(self._intake.head_seconds)

    def on_headers_complete(self) -> None:
        self._head_ended = True
        self._head_size = 0
        self._expect(self._intake.body_seconds)
        if self._one_too_many:
            self._refuse(TOO_MANY_CONNECTIONS)
        elif (
            len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            > self._intake.head_bytes
        ):
            self._refuse(HEAD_TOO_LARGE)
        else:
            self._take_forwarded_prefix()
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._expect_nothing()
        if not self._refused:
            super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self._expect_nothing()
        if not self._refused:
            self.upgrade()

    def upgrade(self) -> None:
        """Speak WebSocket from here."""
        super().handle_websocket_upgrade()

    # The rules.

    def _take_forwarded_prefix(self) -> None:
        """The request's root path is the server's own, then what a proxy in front of it took away."""
        prefix = ""
        if self.config.proxy_headers and self.client is not None:
            prefix = forwarded_prefix(self.headers, self.client[0], self.config.forwarded_allow_ips)
        self.root_path = prefix + self.config.root_path
        self.scope["root_path"] = self.root_path

    def _expect(self, seconds: float) -> None:
        self._expect_nothing()
        self._late = self.loop.call_later(seconds, self._is_late)

    def _expect_nothing(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _is_late(self) -> None:
        self._late = None
        if self._head_ended and self.cycle is not None and self.cycle.response_started:
            self.transport.close()
        elif not self._refused:
            self._refuse(TOO_SLOW)

    def _refuse(self, problem: Problem) -> None:
        self._refused = True
        self._expect_nothing()
        if not self.transport.is_closing():
            self.transport.write(refusal(problem))
            self.transport.close()


@cache
def refusal(problem: Problem) -> bytes:
    """A whole HTTP response, which ends the connection."""
    body = problem_body(problem)
    headers = problem_headers(problem) | {"Content-Length": str(len(body)), "Connection": "close"}
    lines = [f"HTTP/1.1 {problem.status} {problem.code}", *(f"{name}: {headers[name]}" for name in headers)]
    return "\r\n".join([*lines, "", ""]).encode() + body
