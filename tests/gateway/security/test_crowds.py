"""Crowds that do not behave: what they took is given back when they go, time after time."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest

from stack.process import execute
from tests.support.event_stream import connected_socket
from tests.support.raw_websocket import RawWebSocket
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from tests.support.gateway import Gateway
    from tests.support.journal import Journals, Task

START = execute
#: A crowd that takes its time to come is still all there.
SETTINGS = {"head_timeout": 120}
CROWD = 200
ROUNDS = 3

#: Bytes by which the gateway may grow from one round to the next.
ALLOWANCE = 16 * 2**20

#: And for one client that does not read, however much there is to read.
PER_CLIENT = 256 * 1024


def memory(served: Gateway) -> int:
    return int(psutil.Process(served.process.pid).memory_info().rss)


def half_open(stack: ExitStack, served: Gateway, _: Task) -> None:
    for _number in range(CROWD):
        stack.enter_context(connected_socket(served.port)).sendall(
            b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n"
        )


def never_reading(stack: ExitStack, served: Gateway, task: Task) -> None:
    for _number in range(CROWD):
        stack.enter_context(RawWebSocket(served, f"/tasks/{task.id}/ws", receive_buffer=4096))


@pytest.mark.parametrize("crowd", [half_open, never_reading])
def test_leaves_nothing_behind(
    served: Gateway, journals: Journals, crowd: object, request: pytest.FixtureRequest
) -> None:
    assert callable(crowd)
    task = journals.task()
    for _ in range(300):
        task.append("x" * 8000)
    before = []
    for _round in range(ROUNDS):
        with ExitStack() as stack:
            begun = memory(served)
            crowd(stack, served, task)
            wait_until(lambda: served.clients() >= CROWD)
            assert httpx.get(f"{served.http}/readyz").status_code == 200
            if "detached" in request.node.name:
                assert memory(served) - begun < CROWD * PER_CLIENT
        wait_until(lambda: served.clients() == 0)
        before.append(memory(served))
    assert before[-1] - before[0] < ALLOWANCE
    task.wait_for_subscribers(0)
