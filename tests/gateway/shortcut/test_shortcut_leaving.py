"""A client that is gone before Redis has answered leaves nothing behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stack.valkey import Valkey
from tests.support.event_stream import EventStream, connected_socket
from tests.support.gateway import Gateway, gateway
from tests.support.journal import Journals, Task
from tests.support.raw_websocket import RawWebSocket
from tests.support.results import server_of_results
from tests.support.tokens import TOKENS, bearer, sign
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.redis_cluster import Cluster

#: Long enough for none of this to be the clock's doing.
REDIS_TIMEOUT = 60


@pytest.fixture(scope="module")
def own_valkey() -> Iterator[Valkey]:
    """A server that the test may pause."""
    with Valkey() as server:
        yield server


@pytest.fixture(scope="module")
def own_journals(own_valkey: Valkey) -> Iterator[Journals]:
    with Journals(own_valkey.url(1)) as found:
        yield found


@pytest.fixture(scope="module")
def served(own_valkey: Valkey) -> Iterator[Gateway]:
    """One connection at a time."""
    origin = own_valkey.url().removesuffix("/0")
    with gateway(origin, max_connections=1, redis_timeout=REDIS_TIMEOUT, **TOKENS) as running:
        yield running


@pytest.fixture
def task(own_journals: Journals) -> Task:
    return own_journals.task(labels={"owner": "user-7"})


@pytest.fixture
def paused(own_valkey: Valkey, task: Task) -> Iterator[Valkey | Cluster]:  # noqa: ARG001 # the task was sent before
    results = server_of_results(own_valkey)
    results.pause()
    yield results
    results.resume()


def come_and_go(served: Gateway, task: Task, token: str) -> None:
    """Ask for the task's events, and be gone when the request is there."""
    wait_until(lambda: served.clients() == 0)
    with connected_socket(served.port) as connection:
        head = f"GET /tasks/{task.id}/events HTTP/1.1\r\nHost: localhost\r\n"
        request = f"{head}Authorization: Bearer {token}\r\n\r\n"
        connection.sendall(request.encode())
        wait_until(lambda: served.clients() == 1)
    wait_until(lambda: served.clients() == 0)


class TestAClientThatGoes:
    #: Whether the gateway asks Redis first whose the task is.
    TOKENS = pytest.mark.parametrize("by_owner", [False, True])

    @TOKENS
    def test_is_counted_no_longer(
        self, served: Gateway, own_journals: Journals, task: Task, paused: Valkey | Cluster, by_owner: bool
    ) -> None:
        token = sign(owner="user-7") if by_owner else sign(tasks=[task.id])
        for _ in range(3):
            come_and_go(served, task, token)
        with RawWebSocket(served, f"/tasks/{task.id}/ws", headers=bearer(token)) as socket:
            paused.resume()
            assert socket.body() == task.bodies()[0]
        wait_until(lambda: not own_journals.subscriptions())

    @TOKENS
    def test_is_subscribed_no_longer(
        self, served: Gateway, own_journals: Journals, task: Task, paused: Valkey | Cluster, by_owner: bool
    ) -> None:
        token = sign(owner="user-7") if by_owner else sign(tasks=[task.id])
        come_and_go(served, task, token)
        paused.resume()
        other = own_journals.task()
        with EventStream(served, other.id, headers=bearer(sign(tasks=[other.id]))) as stream:
            # Redis has answered what it was asked before.
            assert stream.body() == other.bodies()[0]
        wait_until(lambda: not own_journals.subscriptions())
        assert "Traceback" not in served.process.output
