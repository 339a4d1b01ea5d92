"""Another issuer, as an OpenID Connect provider is one: it has keys, signs tokens, and serves its key set."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import jwt

from taskbeam.gateway.auth.jwk import read_key
from taskbeam.gateway.auth.keys import new_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from ssl import SSLContext

    from taskbeam.gateway.auth.jwk import Algorithm, Key

#: What is private in a key.
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "k"}


@cache
def _read(key: str) -> Key:
    """OpenSSL examines an RSA key whenever one is read, which takes thirty times as long as to sign."""
    return read_key(json.loads(key))


@dataclass
class ForeignIssuer:
    """``answer`` is what its URL sends, bytes of HTTP, each piece as it comes."""

    name: str
    url: str = ""
    keys: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: int = 0
    last_asked: float = 0.0
    answer: Callable[[], Iterator[bytes]] | None = None

    def rotate(self, kid: str, algorithm: Algorithm = "RS256") -> None:
        """A new key takes the place of all others."""
        self.keys = {kid: new_key(algorithm, kid)}

    def jwks(self) -> dict[str, Any]:
        return {"keys": self.public()}

    def public(self) -> list[dict[str, Any]]:
        return [
            {name: value for name, value in key.items() if name not in PRIVATE} for key in self.keys.values()
        ]

    def sign(self, kid: str | None = None, header: dict[str, Any] | None = None, **more: Any) -> str:
        """A token of its own; None takes a claim away."""
        key = _read(json.dumps(self.keys[kid or next(iter(self.keys))]))
        now = time.time()
        claims = {
            "iss": self.name,
            "aud": "taskbeam-api",
            "iat": now,
            "exp": now + 300,
            "sub": "user-7",
            "scope": "openid read",
        } | more
        given = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(given, key.private, key.algorithm, {"kid": key.kid} | (header or {}))

    def pieces(self) -> Iterator[bytes]:
        """What its URL answers with."""
        if self.answer is not None:
            yield from self.answer()
            return
        body = json.dumps(self.jwks()).encode()
        yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        yield body


@contextmanager
def serving(issuer: ForeignIssuer, context: SSLContext | None = None) -> Iterator[ForeignIssuer]:
    """Serve its key set, with a context by TLS; a slow answer ends with the test."""
    over = Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked += 1
            issuer.last_asked = time.monotonic()
            self.close_connection = True
            try:
                for piece in issuer.pieces():
                    if over.is_set():
                        return
                    self.wfile.write(piece)
                    self.wfile.flush()
            except OSError:
                pass  # whoever asked has heard enough

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        if context is not None:
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        scheme = "http" if context is None else "https"
        issuer.url = f"{scheme}://127.0.0.1:{server.server_address[1]}/.well-known/jwks.json"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield issuer
        finally:
            over.set()
            server.shutdown()
            thread.join()
