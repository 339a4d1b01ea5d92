"""The load generator's clients count events whatever pieces they arrive in, and see every fault."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from app.event import http_chunk, text_frame
from benchmarks.load.client import Client, EventSourceClient, WebSocketClient
from benchmarks.load.payload import Payload
from benchmarks.load.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def socket_stream(numbers: Iterable[int]) -> bytes:
    return b"".join(text_frame(Payload("task", seq).body.encode()) for seq in numbers)


def event_stream(numbers: Iterable[int]) -> bytes:
    blocks = (f"data: {Payload('task', seq).body}\nid: 1-{seq}\n\n" for seq in numbers)
    return b"".join(http_chunk(block.encode()) for block in blocks)


KINDS = [(WebSocketClient, socket_stream), (EventSourceClient, event_stream)]


def read_in_two(kind: type[Client], stream: bytes, cut: int) -> Client:
    async def read() -> Client:
        client = kind("/", Tally())
        client.read(client.read(stream[:cut]) + stream[cut:])
        return client

    return asyncio.run(read())


@pytest.mark.parametrize(("kind", "stream_of"), KINDS)
def test_an_event_may_be_cut_anywhere(
    kind: type[Client], stream_of: Callable[[Iterable[int]], bytes]
) -> None:
    stream = stream_of((1, 2, 3))
    for cut in range(0, len(stream), 7):
        client = read_in_two(kind, stream, cut)
        assert (client.last, client.faults) == (3, 0)


@pytest.mark.parametrize(("kind", "stream_of"), KINDS)
@pytest.mark.parametrize("numbers", [(1, 3), (1, 1), (2, 1)])
def test_a_hole_and_a_repetition_are_faults(
    kind: type[Client], stream_of: Callable[[Iterable[int]], bytes], numbers: tuple[int, ...]
) -> None:
    assert read_in_two(kind, stream_of(numbers), 0).faults == 1
