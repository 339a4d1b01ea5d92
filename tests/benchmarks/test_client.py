"""The load generator's clients count events whatever pieces they arrive in, and see every fault."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from benchmarks.load.client import Client, EventSourceClient, PollingClient, WebSocketClient
from benchmarks.load.following import Following
from benchmarks.load.payload import Payload
from benchmarks.load.tally import Tally
from taskbeam.follow.event import http_chunk, text_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


TS = 1763800000.123456


def socket_stream(numbers: Iterable[int]) -> bytes:
    return b"".join(text_frame(Payload("task", seq, TS).body.encode()) for seq in numbers)


def event_stream(numbers: Iterable[int]) -> bytes:
    blocks = (f"data: {Payload('task', seq, TS).body}\nid: 1-{seq}\n\n" for seq in numbers)
    return b"".join(http_chunk(block.encode()) for block in blocks)


KINDS = [(WebSocketClient, socket_stream), (EventSourceClient, event_stream)]


def read_in_two(kind: type[Client], stream: bytes, cut: int) -> Client:
    async def read() -> Client:
        client = kind(Following("/"), Tally())
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


@pytest.mark.parametrize(("kind", "stream_of"), KINDS)
def test_a_server_may_wrap_an_event_and_put_spaces_into_it(
    kind: type[Client], stream_of: Callable[[Iterable[int]], bytes]
) -> None:
    del stream_of
    event = b'{"push": {"data": {"id": "1-7", "task_id": "task", "ts": 1763800000.123456, "x": 1}}}'
    stream = text_frame(event) if kind is WebSocketClient else http_chunk(b"data: " + event + b"\n\n")
    assert read_in_two(kind, stream, 50).last == 7


def test_an_event_tells_when_it_was_made() -> None:
    async def hear() -> float:
        tally, made = Tally(), time.time()
        EventSourceClient(Following("/"), tally).read(f"data: {Payload.now('task', 1).body}\n\n".encode())
        [latency] = tally.latencies
        assert latency <= time.time() - made
        return latency

    # The event says microseconds, so its time may be rounded up.
    assert asyncio.run(hear()) >= -1e-6


def test_a_polling_client_counts_what_it_did_not_see() -> None:
    async def poll() -> PollingClient:
        client = PollingClient(Following("/"), Tally())
        for seq in (2, 2, 5):
            body = Payload("task", seq, TS).body.encode()
            client.data_received(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body))
            client.data_received(body)
        return client

    client = asyncio.run(poll())
    assert (client.last, client.skipped, client.faults) == (5, 2, 0)
