"""What workers consume, as they say it with their lease."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from taskbeam.presence.consumption import Consumption
from taskbeam.presence.lease import Lease
from taskbeam.presence.presence import Presence
from tests.support.results import control

from .waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import redis
    from redis.connection import Connection

    from taskbeam.journal.control_keys import QueueKeys

TTL = 0.6


def consumers(client: redis.Redis, keys: QueueKeys) -> list[str]:
    members: Any = client.zrange(keys.consumers, 0, -1)
    return sorted(member.decode() for member in members)


@contextmanager
def held(
    connect: Callable[[], Connection], consumption: Callable[[], Consumption], ttl: float = TTL
) -> Iterator[str]:
    """A lease that is held until the block ends; gives the name of its worker."""
    name = str(uuid4())
    lease = Lease(name, connect, control(), ttl, consumption)
    lease.hold()
    yield name
    lease.release()


def test_a_worker_that_cannot_say_what_it_consumes_keeps_its_lease(
    client: redis.Redis, connect: Callable[[], Connection], caplog: pytest.LogCaptureFixture
) -> None:
    present = Presence()
    present.consumer = object()
    present.begin("here", connect, control(), TTL)
    try:
        first = until(lambda: client.zscore(control().workers, present.worker))
        until(lambda: client.zscore(control().workers, present.worker) != first)
    finally:
        present.end()
    assert "Cannot read which queues" in caplog.text


def test_a_lease_outlives_a_credential_provider_that_fails(
    client: redis.Redis, connect: Callable[[], Connection], caplog: pytest.LogCaptureFixture
) -> None:
    """A token service answers 503 once: the worker is well, and so nobody may take it for dead."""
    failures = [RuntimeError("the token service answered 503")] * 2

    def with_credentials() -> Connection:
        if failures:
            raise failures.pop()
        return connect()

    with held(with_credentials, lambda: Consumption((), 1)) as name:
        until(lambda: client.zscore(control().workers, name))
    assert "Background thread taskbeam-lease failed; it starts again in" in caplog.text


class TestALease:
    @pytest.fixture
    def queue(self) -> str:
        return str(uuid4())

    def test_says_what_its_worker_consumes_until_it_is_released(
        self, client: redis.Redis, connect: Callable[[], Connection], queue: str
    ) -> None:
        keys = control().queue(queue)
        with held(connect, lambda: Consumption((queue,), 4)) as name:
            until(lambda: consumers(client, keys) == [f"{name} 4"])
        assert consumers(client, keys) == []

    def test_is_of_each_worker(
        self, client: redis.Redis, connect: Callable[[], Connection], queue: str
    ) -> None:
        keys = control().queue(queue)
        consumption = Consumption((queue,), 4)
        with held(connect, lambda: consumption) as one, held(connect, lambda: consumption) as other:
            until(lambda: consumers(client, keys) == sorted([f"{one} 4", f"{other} 4"]))

    def test_says_at_each_renewal_what_is_so_now(
        self, client: redis.Redis, connect: Callable[[], Connection], queue: str
    ) -> None:
        """`cancel_consumer`, `add_consumer` and `pool_grow` change it."""
        keys, other = control().queue(queue), control().queue(queue + "-other")
        said = [Consumption((queue,), 4)]
        with held(connect, lambda: said[-1]) as name:
            until(lambda: consumers(client, keys))
            said.append(Consumption((queue + "-other",), 5))
            until(lambda: consumers(client, other) == [f"{name} 5"])
            until(lambda: not client.exists(keys.consumers))

    def test_that_runs_out_takes_it_along(
        self, client: redis.Redis, connect: Callable[[], Connection], queue: str
    ) -> None:
        """As when the worker is killed: nobody releases it."""
        gone = threading.Event()

        def consumption() -> Consumption:
            if gone.is_set():
                raise OSError
            return Consumption((queue,), 4)

        with held(connect, consumption):
            until(lambda: client.exists(control().queue(queue).consumers))
            gone.set()
            until(lambda: not client.exists(control().queue(queue).consumers))
