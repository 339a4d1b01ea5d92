"""Mercure (https://mercure.rocks), a hub for Server-Sent Events in Go."""

from __future__ import annotations

import base64
import hmac
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlencode

from ..load.client import EventSourceClient
from ..load.following import Following
from ..load.publisher import HttpPublisher, Post
from .go import GoRecipe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..load.client import Client, Transport
    from ..load.payload import Payload
    from .recipe import Site

KEY = "a key of this benchmark, and of nothing else"
HUB = "/.well-known/mercure"


@dataclass(frozen=True)
class Mercure(GoRecipe):
    """On the transport that keeps no history, its fastest; the other one reads a log of all topics."""

    clients: ClassVar[Mapping[Transport, type[Client]]] = {"SSE": EventSourceClient}
    main: ClassVar[str] = "mercure_hub"
    module: ClassVar[str] = "github.com/dunglas/mercure"

    @property
    def name(self) -> str:
        return "Mercure"

    def argv(self, site: Site) -> Sequence[str]:
        return (self.program, f"127.0.0.1:{site.port}", KEY)

    def follow(self, transport: Transport, task_id: str, after: str = "") -> Following:  # noqa: ARG002
        return Following(f"{HUB}?topic={task_id}")

    async def publisher(self, site: Site) -> HttpPublisher:
        return await HttpPublisher.connect(site.port, _post)


def _token() -> str:
    """A JSON Web Token (RFC 7519) that may publish everything."""
    parts = ({"alg": "HS256", "typ": "JWT"}, {"mercure": {"publish": ["*"]}})
    signed = ".".join(_base64(json.dumps(part).encode()) for part in parts)
    return f"{signed}.{_base64(hmac.digest(KEY.encode(), signed.encode(), 'sha256'))}"


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


_HEADERS = f"Authorization: Bearer {_token()}\r\nContent-Type: application/x-www-form-urlencoded\r\n"


def _post(event: Payload) -> Post:
    return Post(HUB, urlencode({"topic": event.task_id, "data": event.body}), _HEADERS)
