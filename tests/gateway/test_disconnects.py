"""A client that goes leaves nothing behind."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

import psutil
import pytest
from websockets.frames import Opcode

from tests.support.event_stream import EventStream, connected_socket
from tests.support.raw_websocket import RawWebSocket, frame
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.gateway import Gateway
    from tests.support.journal import Journals, Task

CLIENTS = 40


def stream(served: Gateway, task: Task) -> None:
    """Hang up in the middle of a stream."""
    with EventStream(served, task.id) as found:
        found.block()


def unread_stream(served: Gateway, task: Task) -> None:
    """Go before anything was read."""
    EventStream(served, task.id).close()


def task_socket(served: Gateway, task: Task) -> None:
    """Drop the connection without a closing handshake."""
    with RawWebSocket(served, f"/tasks/{task.id}/ws") as found:
        found.body()


def closed_socket(served: Gateway, task: Task) -> None:
    """Close as one should."""
    with RawWebSocket(served, f"/tasks/{task.id}/ws") as found:
        found.send(frame(Opcode.CLOSE, struct.pack("!H", 1001)))
        while found.receive().opcode is not Opcode.CLOSE:
            pass


def reset_socket(served: Gateway, task: Task) -> None:
    """Reset the connection of a socket with a subscription."""
    with RawWebSocket(served) as found:
        found.say(op="subscribe", task_id=task.id)
        found.json()
        found.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def long_poll(served: Gateway, task: Task) -> None:
    """Do not wait for the answer."""
    with connected_socket(served.port) as asking:
        path = f"/tasks/{task.id}/events?wait=60&after={task.records()[-1].id}"
        asking.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        task.wait_for_subscribers(1)


@pytest.mark.parametrize(
    "client", [stream, unread_stream, long_poll, task_socket, closed_socket, reset_socket]
)
def test_many_come_and_go(
    served: Gateway, journals: Journals, client: Callable[[Gateway, Task], None]
) -> None:
    process = psutil.Process(served.process.pid)
    task = journals.task()
    client(served, task)
    task.wait_for_subscribers(0)
    wait_until(lambda: served.clients() == 0)
    before = process.num_fds()
    for _ in range(CLIENTS):
        client(served, task)
    task.wait_for_subscribers(0)
    wait_until(lambda: served.clients() == 0)
    # Its pool of connections to Redis may have grown by one or two meanwhile.
    assert process.num_fds() - before < CLIENTS // 2


def test_a_slow_client_that_goes_while_it_is_behind(served: Gateway, journals: Journals) -> None:
    task = journals.task(limit=10_000)
    with (
        EventStream(served, task.id, receive_buffer=32 * 1024),
        RawWebSocket(served, f"/tasks/{task.id}/ws", receive_buffer=32 * 1024),
    ):
        task.wait_for_subscribers()
        while task.subscribers:  # until both are behind, and only the journal knows what they lack
            task.append("x" * 20_000)
    wait_until(lambda: served.clients() == 0)
    task.wait_for_subscribers(0)
    # Nobody comes back later either: who joins and leaves now is the only one.
    stream(served, task)
    task.wait_for_subscribers(0)
