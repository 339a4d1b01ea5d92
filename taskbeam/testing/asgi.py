"""What the fake gateway needs of ASGI: types, answers, and to wait without missing that the client leaves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Message: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

#: Pages of every site may read, and nothing is kept.
OPEN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "*",
    "Access-Control-Allow-Headers": "*, Authorization",
    "Access-Control-Expose-Headers": "*",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole response; None has no body."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"


def problem(code: str, status: int) -> Reply:
    """RFC 9457, with the gateway's stable code."""
    body = {"title": code, "status": status, "code": code, "retry": False}
    return Reply(status, body, media_type="application/problem+json")


async def start(send: Send, status: int, headers: Mapping[str, str]) -> None:
    """Begin a response."""
    encoded = [(name.lower().encode(), value.encode()) for name, value in (OPEN | dict(headers)).items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})


async def answer(send: Send, reply: Reply) -> None:
    """Send a whole response."""
    body = b"" if reply.body is None else reply.body
    encoded = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    await start(send, reply.status, dict(reply.headers) | {"Content-Type": reply.media_type})
    await send({"type": "http.response.body", "body": encoded})


async def heard(receive: Receive, seconds: float | None) -> Message | None:
    """What the client says next; None where it is silent for so many seconds (None: for ever)."""
    try:
        async with asyncio.timeout(seconds):
            return await receive()
    except TimeoutError:
        return None
