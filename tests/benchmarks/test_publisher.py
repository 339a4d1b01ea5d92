"""A publisher reads every answer, and says so when one was a refusal."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from benchmarks.load.payload import Payload
from benchmarks.load.publisher import HttpPublisher, Post, RedisPublisher

if TYPE_CHECKING:
    from stack.valkey import Valkey


async def publish_to(answer: bytes, tasks: int) -> None:
    """Publish an event for each task to a server that answers so to each request, a byte at a time."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.current_task())
        try:
            while True:
                await reader.readuntil(b"}")
                for byte in answer:
                    writer.write(bytes((byte,)))
                    await asyncio.sleep(0)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    serving: list[asyncio.Task[None] | None] = []
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    publisher = await HttpPublisher.connect(
        server.sockets[0].getsockname()[1], lambda payload: Post("/publish", payload.body)
    )
    try:
        for task in range(tasks):
            publisher.publish(Payload.now(f"task{task}", 1))
        await publisher.answered()
    finally:
        publisher.close()
        server.close()
        await asyncio.gather(*filter(None, serving))


def test_http_waits_for_every_answer() -> None:
    asyncio.run(publish_to(b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok", 20))


def test_http_says_what_was_refused() -> None:
    with pytest.raises(ConnectionError, match="403 Forbidden"):
        asyncio.run(publish_to(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 2))


def test_redis_says_what_was_refused(valkey: Valkey) -> None:
    async def publish() -> None:
        publisher = await RedisPublisher.connect(valkey.port, lambda payload: ("NONSENSE", payload.task_id))
        publisher.publish(Payload.now("task", 1))
        try:
            await publisher.answered()
        finally:
            publisher.close()

    with pytest.raises(Exception, match="NONSENSE"):
        asyncio.run(publish())
