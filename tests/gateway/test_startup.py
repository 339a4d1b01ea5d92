"""What is wrong from the beginning is said in the gateway's log, in words."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from stack.valkey import Valkey
from tests.cli.running import run
from tests.support import nobody
from tests.support.gateway import gateway
from tests.support.results import results_at, servers_of
from tests.support.waiting import wait_until
from tests.support.worker import worker

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def other_broker() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


def test_a_misspelt_variable(valkey: Valkey) -> None:
    with gateway(valkey.url().removesuffix("/0"), heartbaet=3, database_url="sqlite://") as served:
        wait_until(lambda: "did you mean TASKBEAM_HEARTBEAT?" in served.process.output)
        assert "TASKBEAM_DATABASE_URL" not in served.process.output


def test_a_broker_that_is_away(valkey: Valkey) -> None:
    away = f"redis://:planted-secret@127.0.0.1:{nobody.PORT}/0"
    with gateway(valkey.url().removesuffix("/0"), ready=False, broker_url=away) as served:
        wait_until(lambda: "no task is sent or cancelled here" in served.process.output)
        assert "planted-secret" not in served.process.output


def test_a_broker_that_is_not_the_workers(valkey: Valkey, other_broker: Valkey) -> None:
    origin = valkey.url().removesuffix("/0")
    with (
        worker(f"{origin}/0", "taskbeam+" + results_at(f"{origin}/1"), pool="solo"),
        gateway(origin, broker_url=other_broker.url()) as served,
    ):
        wait_until(lambda: "compare broker_url" in served.process.output)


@contextmanager
def evicting(url: str) -> Iterator[None]:
    """The results' servers drop keys when they are full, until the block ends."""
    with servers_of(url) as servers:
        for server in servers:
            server.config_set("maxmemory", "1gb")
            server.config_set("maxmemory-policy", "allkeys-lru")
        try:
            yield
        finally:
            for server in servers:
                server.config_set("maxmemory-policy", "noeviction")
                server.config_set("maxmemory", 0)


def test_a_redis_that_drops_keys(valkey: Valkey) -> None:
    """Said by the gateway, and by each worker."""
    origin = valkey.url().removesuffix("/0")
    words = "drops keys when it is full (maxmemory-policy allkeys-lru). Set maxmemory-policy to noeviction"
    with (
        evicting(f"{origin}/1"),
        worker(f"{origin}/0", "taskbeam+" + results_at(f"{origin}/1"), pool="solo") as process,
        gateway(origin) as served,
    ):
        wait_until(lambda: words in served.process.output)
        wait_until(lambda: words in process.output)


@pytest.mark.parametrize(
    ("result_backend", "words"),
    [
        ("redis://127.0.0.1:6379/1", "Write taskbeam+ in front of it"),
        ("rpc://", "keeps no journal"),
        ("taskbeam+nonsense://x", "is no result backend"),
    ],
)
def test_a_backend_that_is_not_ours(result_backend: str, words: str) -> None:
    failed = run("serve", "--port", "0", result_backend=result_backend, auth="open")
    assert failed.returncode != 0
    assert words in failed.stderr + failed.stdout
