"""The one line of configuration, in every form that a Redis may be addressed by."""

from __future__ import annotations

import pickle
from contextlib import contextmanager
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import redis
from celery.backends.redis import RedisBackend, SentinelBackend
from redis.connection import SSLConnection, UnixDomainSocketConnection

from stack.ports import kept_port
from stack.process import ManagedProcess
from stack.valkey import Valkey, server_command
from taskbeam.celery.backend import TaskbeamBackend, TaskbeamSentinelBackend, backend_for
from tests.support import nobody
from tests.support.one_node import one_node
from tests.support.results import results_at
from tests.support.waiting import START_TIMEOUT

from .apps import journal_of, ours, results_app
from .waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from celery import Celery

STATES = ["STARTED", "PROGRESS", "SUCCESS"]


def check_stores(app: Celery) -> None:
    """The whole way: store through the URL, read through the URL."""
    task_id = str(uuid4())
    for state in STATES:
        app.backend.store_result(task_id, {"current": 1}, state)
    assert app.AsyncResult(task_id).get(timeout=DEADLINE) == {"current": 1}
    assert [event["state"] for event in journal_of(app, task_id)] == STATES


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    with one_node(tmp_path_factory.mktemp("cluster")) as node:
        yield node


class TestTheEntryPoint:
    def test_is_registered_for_celery(self) -> None:
        (entry,) = entry_points(group="celery.result_backends", name="taskbeam")
        assert entry.load() is backend_for


class TestForms:
    def test_redis(self, valkey: Valkey) -> None:
        app = results_app("taskbeam+" + valkey.url(7))
        assert isinstance(app.backend, TaskbeamBackend)
        assert isinstance(app.backend, RedisBackend)
        assert app.backend.connparams["db"] == 7
        check_stores(app)

    def test_rediss(self) -> None:
        app = results_app("taskbeam+rediss://:secret@example.test:6380/2?ssl_cert_reqs=required")
        assert isinstance(app.backend, TaskbeamBackend)
        assert app.backend.connparams["connection_class"] is SSLConnection
        assert isinstance(ours(app)._connections.make(1.0), SSLConnection)

    @pytest.mark.parametrize(
        ("scheme", "query", "db"), [("socket", "", 0), ("socket", "?virtual_host=3", 3), ("unix", "", 0)]
    )
    def test_a_unix_socket(self, tmp_path: Path, scheme: str, query: str, db: int) -> None:
        path = tmp_path / "valkey.sock"
        with Valkey(None, None, "--unixsocket", str(path)):
            app = results_app(f"taskbeam+{scheme}://{path}{query}")
            connection = ours(app)._connections.make(1.0)
            assert isinstance(connection, UnixDomainSocketConnection)
            assert connection.db == db
            check_stores(app)

    def test_sentinel(self, valkey: Valkey, tmp_path: Path) -> None:
        with sentinel(valkey, tmp_path) as port:
            # Sentinel does not name itself twice: the first of the two addresses is nobody.
            app = results_app(
                f"taskbeam+sentinel://127.0.0.1:{nobody.PORT}/8;sentinel://127.0.0.1:{port}/8",
                result_backend_transport_options={"master_name": "results"},
            )
            assert isinstance(app.backend, TaskbeamSentinelBackend)
            assert isinstance(app.backend, SentinelBackend)
            check_stores(app)


class TestTheBackend:
    def test_hides_the_password(self) -> None:
        app = results_app("taskbeam+redis://user:planted-secret@example.test:6380/2")
        assert "planted-secret" not in app.backend.as_uri()
        assert "example.test:6380" in app.backend.as_uri()
        assert "planted-secret" not in repr(app.backend)

    @pytest.mark.parametrize("kind", ["redis://127.0.0.1:{port}/7", "sentinel://127.0.0.1:{port}/7"])
    def test_pickles(self, valkey: Valkey, kind: str) -> None:
        app = results_app("taskbeam+" + kind.format(port=valkey.port))
        backend: Any = pickle.loads(pickle.dumps(app.backend))
        assert type(backend) is type(app.backend)
        assert backend.as_uri() == app.backend.as_uri()

    def test_takes_its_options_from_one_setting(self, valkey: Valkey) -> None:
        app = results_app("taskbeam+" + results_at(valkey.url(7)), taskbeam_options={"limit": 4})
        task_id = str(uuid4())
        for _ in range(9):
            app.backend.store_result(task_id, {"current": 1}, "PROGRESS")
        assert len(journal_of(app, task_id)) == 4

    def test_opens_no_connection_until_it_is_used(self) -> None:
        assert results_app(f"taskbeam+{nobody.REDIS}/0").backend is not None


class TestACluster:
    def test_takes_the_journal(self, node: Valkey) -> None:
        check_stores(results_app("taskbeam+" + node.url(), taskbeam_options={"sharded": True}))

    def test_publishes_to_a_sharded_channel(self, node: Valkey) -> None:
        app = results_app("taskbeam+" + node.url(), taskbeam_options={"sharded": True})
        keys = ours(app).keys("sharded")
        with redis.RedisCluster.from_url(node.url()) as client, client.pubsub() as pubsub:
            pubsub.ssubscribe(keys.channel)
            assert pubsub.get_sharded_message(timeout=DEADLINE)["type"] == "ssubscribe"
            app.backend.store_result("sharded", None, "SUCCESS")
            message = pubsub.get_sharded_message(timeout=DEADLINE)
            assert message["data"] == client.lindex(keys.log, 0)


@contextmanager
def sentinel(master: Valkey, directory: Path) -> Iterator[int]:
    """A Redis Sentinel that watches ``master`` as ``results``, and its port."""
    config = directory / "sentinel.conf"
    with kept_port() as port, redis.Redis(port=port) as client:
        config.write_text(f"port {port}\nsentinel monitor results 127.0.0.1 {master.port} 1\n")
        with ManagedProcess(
            "sentinel", [server_command(port, None)[0], str(config), "--sentinel"]
        ) as process:
            process.wait_until(lambda: _knows_its_master(client, master.port), timeout=START_TIMEOUT)
            yield port


def _knows_its_master(client: redis.Redis, port: int) -> bool:
    try:
        return client.sentinel_get_master_addr_by_name("results") == (b"127.0.0.1", port)
    except redis.ConnectionError:
        return False
