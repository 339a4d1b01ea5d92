"""Behind a proxy that is trusted, a client's address is the one that the proxy says."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.gateway.crowded import Crowded, crowded_gateway
from tests.support.event_stream import EventStream
from tests.support.gateway import PATHS
from tests.support.raw_websocket import Closed, RawWebSocket
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.valkey import Valkey
    from tests.support.journal import Task

REFUSED = Closed(4429, "too_many_connections")

#: Opens a stream or a socket for the client with an address, or for one without a proxy.
Connect = Callable[..., Any]


def stream(served: Crowded, task: Task, address: str | None) -> EventStream:
    return EventStream(served, task.id, headers=behind_a_proxy(address))


def socket(served: Crowded, task: Task, address: str | None) -> RawWebSocket:
    return RawWebSocket(served, f"/tasks/{task.id}/ws", headers=behind_a_proxy(address))


def behind_a_proxy(address: str | None) -> dict[str, str]:
    return {"X-Forwarded-For": address} if address is not None else {}


EITHER = pytest.mark.parametrize("connect", [stream, socket])


@contextmanager
def crowded(valkey: Valkey, path: str, trusted: str | None) -> Iterator[Crowded]:
    """A gateway that takes one connection from each address, and trusts these proxies."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("FORWARDED_ALLOW_IPS", raising=False)
        if trusted is not None:
            patch.setenv("FORWARDED_ALLOW_IPS", trusted)
        with crowded_gateway(valkey, path, max_connections_per_address=1) as running:
            yield running


@pytest.fixture(scope="module", params=PATHS)
def small(request: pytest.FixtureRequest, valkey: Valkey) -> Iterator[Crowded]:
    with crowded(valkey, request.param, "127.0.0.1") as running:
        yield running


@pytest.fixture
def served(small: Crowded) -> Crowded:
    """Nobody is there."""
    small.until_empty()
    return small


def is_admitted(served: Crowded, task: Task, address: str | None) -> bool:
    with stream(served, task, address) as opened:
        return opened.status == 200


def assert_refused(served: Crowded, task: Task, address: str | None) -> None:
    with stream(served, task, address) as refused:
        assert refused.status == 429
        assert b'"too_many_connections"' in refused.rest()
    with socket(served, task, address) as refused_socket:
        assert refused_socket.closed() == REFUSED


class TestTheAddressOfAClient:
    @EITHER
    def test_is_what_the_proxy_says(self, served: Crowded, task: Task, connect: Connect) -> None:
        with (
            connect(served, task, "192.0.2.1") as one,
            connect(served, task, "192.0.2.2") as two,
            connect(served, task, None) as nobody_behind,
        ):
            assert one.body() == two.body() == nobody_behind.body() == task.bodies()[0]
            for address in ("192.0.2.1", "192.0.2.2", None):
                assert_refused(served, task, address)
        served.until_empty()
        assert all(is_admitted(served, task, address) for address in ("192.0.2.1", "192.0.2.2", None))

    @EITHER
    def test_is_not_what_the_client_told_the_proxy(
        self, served: Crowded, task: Task, connect: Connect
    ) -> None:
        with connect(served, task, "192.0.2.1") as one:
            assert one.body() == task.bodies()[0]
            assert_refused(served, task, "192.0.2.2, 192.0.2.1")
            assert_refused(served, task, "192.0.2.1, 127.0.0.1")
        served.until_empty()
        assert is_admitted(served, task, "192.0.2.1")

    @pytest.mark.parametrize("trusted", [None, "192.0.2.99"])
    @pytest.mark.parametrize("path", PATHS)
    def test_is_not_what_somebody_says_who_is_not_named(
        self, valkey: Valkey, task: Task, path: str, trusted: str | None
    ) -> None:
        """Also not on this machine."""
        with crowded(valkey, path, trusted) as served, stream(served, task, "192.0.2.1") as one:
            assert one.body() == task.bodies()[0]
            assert_refused(served, task, "192.0.2.2")
            wait_until(lambda: "set FORWARDED_ALLOW_IPS=127.0.0.1" in served.process.output)
            assert served.process.output.count("Ignored x-forwarded-for from 127.0.0.1") == 1
