"""Two gateways on one Redis, one per serving path, tell the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.event_stream import EventStream, bodies_of
from tests.support.gateway import Gateway, gateway
from tests.support.raw_websocket import RawWebSocket

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.valkey import Valkey
    from tests.support.journal import Task


@pytest.fixture(scope="module")
def pair(valkey: Valkey) -> Iterator[tuple[Gateway, Gateway]]:
    origin = valkey.url().removesuffix("/0")
    with gateway(origin, "detached") as detached, gateway(origin, "portable") as portable:
        yield detached, portable


def test_the_same_bytes_live_and_replayed(pair: tuple[Gateway, Gateway], task: Task) -> None:
    left, right = pair
    path = f"/tasks/{task.id}/ws"
    with (
        EventStream(left, task.id) as left_stream,
        EventStream(right, task.id) as right_stream,
        RawWebSocket(left, path) as left_socket,
        RawWebSocket(right, path) as right_socket,
    ):
        first = left_socket.body(), right_socket.body()
        task.wait_for_subscribers(2)
        task.grow(20)
        task.finish()
        streamed = left_stream.rest(), right_stream.rest()
        sent = [first[0], *left_socket.bodies()], [first[1], *right_socket.bodies()]
    assert sent[0] == sent[1] == bodies_of(streamed[0]) == task.bodies()
    for served in pair:
        with EventStream(served, task.id) as replayed:
            assert streamed[0] == streamed[1] == replayed.rest()


def test_a_client_may_change_gateways_at_every_event(pair: tuple[Gateway, Gateway], task: Task) -> None:
    task.grow(5)
    task.finish()
    received: list[bytes] = []
    cursor = ""
    for turn in range(7):
        with EventStream(pair[turn % 2], task.id, f"?after={cursor}") as stream:
            event = stream.body()
        received.append(event)
        cursor = str(task.records()[turn].id)
    assert received == task.bodies()
