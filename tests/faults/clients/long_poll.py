"""A client that asks again and again, over a connection that it keeps."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from .wire import ProblemError, Wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .errand import Errand

#: Seconds that the gateway may wait for something new.
WAIT = 10

#: Seconds from an answer to the next question, so that a busy task does not make a question of each event.
_REST = 0.5


async def long_poll(errand: Errand) -> AsyncIterator[bytes]:
    """The bodies of the events in answer after answer, until the task has ended or the gateway closes."""
    wire = await Wire.open(errand.port, errand.pace)
    after = errand.cursor
    try:
        while True:
            query = f"?wait={WAIT}" + (f"&after={after}" if after else "")
            answer = await wire.ask(f"/tasks/{errand.task_id}/events{query}", *errand.headers)
            body = await wire.body(answer)
            if answer.status != 200:
                raise ProblemError.of(answer, body)
            told = json.loads(body)
            for event in bodies_of(body.decode()):
                yield event.encode()
            after = told["last_event_id"]
            if told["final"] or answer.headers.get("connection") == "close":
                return
            await asyncio.sleep(_REST)
    finally:
        wire.drop()


def bodies_of(text: str) -> list[str]:
    """The events of an answer as they are written in it."""
    start = text.index("[") + 1
    decoder = json.JSONDecoder()
    found = []
    while text[start] != "]":
        start += text[start] == ","
        _, end = decoder.raw_decode(text, start)
        found.append(text[start:end])
        start = end
    return found
