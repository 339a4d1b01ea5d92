"""A client of the event stream, as the HTML standard parses it."""

from __future__ import annotations

import json
from contextlib import aclosing
from typing import TYPE_CHECKING

from .wire import ProblemError, Wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .errand import Errand


async def event_stream(errand: Errand) -> AsyncIterator[bytes]:
    """The bodies of one connection's events, until the gateway ends it."""
    wire = await Wire.open(errand.port, errand.pace)
    try:
        cursor = [f"Last-Event-ID: {errand.cursor}"] if errand.cursor else []
        path = f"/tasks/{errand.task_id}/events"
        answer = await wire.ask(path, "Accept: text/event-stream", *errand.headers, *cursor)
        if answer.status == 204:
            raise ProblemError("204 before the end", retry=False)
        if answer.status != 200:
            raise ProblemError.of(answer, await wire.body(answer))
        rest = b""
        async with aclosing(wire.pieces(answer)) as pieces:  # type: ignore[type-var]
            async for piece in pieces:
                *blocks, rest = (rest + piece).split(b"\n\n")
                for block in blocks:
                    if body := _body(block):
                        yield body
    finally:
        wire.drop()


def _body(block: bytes) -> bytes:
    """An event's data; nothing of a comment, or of a new pause alone. Raises `ProblemError` if it is one."""
    fields: dict[bytes, bytes] = {}
    for line in block.split(b"\n"):
        name, _, value = line.partition(b":")
        fields[name] = value.removeprefix(b" ")
    data = fields.get(b"data", b"")
    if fields.get(b"event") == b"problem":
        raise ProblemError.told(json.loads(data))
    if b"event" in fields or not data:  # a named event is not for `onmessage`
        return b""
    if json.loads(data)["id"].encode() != fields.get(b"id"):
        raise ProblemError("an id that is not its event's", retry=False)
    return data
