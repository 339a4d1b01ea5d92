"""Celery's own result key: exactly what the stock backend writes, so that all of Celery goes on working."""

from __future__ import annotations

import pickle
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import pytest
from celery.app.task import Context
from celery.backends.redis import RedisBackend
from celery.exceptions import BackendStoreError, Retry

from taskbeam.journal.limits import OPEN_EXPIRES
from tests.support.redis_cluster import one_server
from tests.support.results import client_of, results_at

from .apps import backend_of, journal_of, keys_of, ours, results_app
from .waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis
    from celery import Celery

    from stack.valkey import Valkey

DB = 6

# What stock Celery itself calls.
pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")
REQUEST = {"id": "7", "task": "jobs.add", "args": [1], "kwargs": {"b": 2}, "group": "g", "parent_id": "p"}
STORED: list[tuple[str, Any]] = [
    ("STARTED", {"pid": 7, "hostname": "h"}),
    ("PROGRESS", {"current": 1, "total": 2, "message": "京都"}),
    (None, {"current": 1}),  # type: ignore[list-item] # what `update_state(meta=...)` without a state stores
    ("UPLOADING", None),
    ("SUCCESS", {"at": datetime(2026, 1, 2, tzinfo=UTC), "rows": [1, 2.5, None]}),
    ("SUCCESS", "a file name \udcff that is no UTF-8"),
    ("SUCCESS", float("nan")),
    ("FAILURE", ValueError("planted-secret", 7)),
    ("RETRY", Retry("again", ConnectionError("planted-secret"))),
    ("REVOKED", ValueError("terminated")),
]
SETTINGS: list[dict[str, Any]] = [
    {},
    {"result_extended": True},
    {"result_serializer": "pickle", "accept_content": ["json", "pickle"]},
    {"result_expires": None},
    {"result_expires": 77, "result_failure_expires": 99},
    {"result_backend_transport_options": {"global_keyprefix": "app1"}},
]


@pytest.fixture
def client(valkey: Valkey) -> Iterator[redis.Redis]:
    with client_of(valkey.url(DB)) as opened:
        yield opened


def heard_storing(app: Celery, client: redis.Redis, task_id: str, state: str, result: Any) -> list[Any]:
    """Store, and give what then lies under the result key and what Celery's own channel said."""
    key = keys_of(app, task_id).result
    with client.pubsub() as pubsub:
        pubsub.subscribe(key)
        pubsub.get_message(timeout=DEADLINE)
        request = Context(REQUEST)
        app.backend.store_result(task_id, result, state, traceback="File 'planted'", request=request)
        message = pubsub.get_message(timeout=DEADLINE)
    stored = cast("bytes", client.get(key))
    assert message["data"] == stored
    return [key, _undated(stored), client.ttl(key)]


def _undated(stored: bytes) -> Any:
    """Without the moment at which it was stored."""
    if stored.startswith(b"{"):
        return re.sub(rb'"date_done": "[^"]+"', b'"date_done": "then"', stored)
    meta = pickle.loads(stored)
    return repr(meta | {"date_done": meta["date_done"] and "then"})


@one_server("Celery's own backend knows no cluster")
class TestWhatIsStored:
    @pytest.mark.parametrize("conf", SETTINGS, ids=lambda conf: next(iter(conf), "plain"))
    @pytest.mark.parametrize(("state", "result"), STORED, ids=lambda value: str(value)[:12])
    def test_is_byte_for_byte_what_stock_celery_stores_and_publishes(
        self, valkey: Valkey, client: redis.Redis, conf: dict[str, Any], state: str, result: Any
    ) -> None:
        task_id = str(uuid4())
        stock = heard_storing(results_app(valkey.url(DB), **conf), client, task_id, state, result)
        client.delete(stock[0])
        same = heard_storing(
            results_app("taskbeam+" + valkey.url(DB), **conf), client, task_id, state, result
        )
        assert same == stock

    def test_reads_back_through_a_stock_backend(self, valkey: Valkey) -> None:
        app, stock = results_app("taskbeam+" + valkey.url(DB)), results_app(valkey.url(DB))
        assert type(stock.backend) is RedisBackend
        app.backend.store_result("read-by-stock", {"a": 1}, "SUCCESS")
        assert stock.AsyncResult("read-by-stock").get(timeout=DEADLINE) == {"a": 1}

    def test_too_large_a_value_is_refused_as_stock_refuses_it(
        self, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for url in (valkey.url(DB), "taskbeam+" + valkey.url(DB)):
            app = results_app(url)
            monkeypatch.setattr(type(app.backend), "_MAX_STR_VALUE_SIZE", 1000)
            with pytest.raises(BackendStoreError, match="value too large for Redis backend"):
                app.backend.store_result("too-large", "x" * 1000, "SUCCESS")
            assert app.AsyncResult("too-large").state == "PENDING"


class TestWhatIsTold:
    def test_a_result_that_is_no_utf_8_is_told_too(self, valkey: Valkey) -> None:
        app = results_app("taskbeam+" + results_at(valkey.url(DB)))
        task_id = str(uuid4())
        app.backend.store_result(task_id, "file \udcff", "SUCCESS")
        assert journal_of(app, task_id)[0]["result"] == "file \udcff"

    def test_meta_without_a_state_is_progress_and_leaves_the_state(self, valkey: Valkey) -> None:
        app = results_app("taskbeam+" + results_at(valkey.url(DB)))
        task_id = str(uuid4())
        app.backend.store_result(task_id, None, "STARTED")
        ours(app).store_result(task_id, {"current": 1}, None)
        (_, event) = journal_of(app, task_id)
        assert (event["state"], event["type"], event["progress"]) == ("STARTED", "progress", {"current": 1})

    def test_the_journal_of_a_task_that_has_not_ended_outlives_its_result(self, valkey: Valkey) -> None:
        """However long it is silent, it is neither unknown nor expired."""
        app = results_app("taskbeam+" + results_at(valkey.url(DB)), result_expires=77)
        task_id = str(uuid4())
        app.backend.store_result(task_id, None, "STARTED")
        keys = keys_of(app, task_id)
        assert 0 < backend_of(app).client.ttl(keys.result) <= 77
        for key in (keys.head, keys.log):
            assert OPEN_EXPIRES - 60 < backend_of(app).client.ttl(key) <= OPEN_EXPIRES

    @pytest.mark.parametrize(("state", "ttl"), [("SUCCESS", 77), ("FAILURE", 99)])
    def test_the_journal_expires_with_the_result(self, valkey: Valkey, state: str, ttl: int) -> None:
        app = results_app(
            "taskbeam+" + results_at(valkey.url(DB)), result_expires=77, result_failure_expires=99
        )
        task_id = str(uuid4())
        app.backend.store_result(task_id, ValueError() if state == "FAILURE" else None, state)
        keys = keys_of(app, task_id)
        lives = [backend_of(app).client.ttl(key) for key in (keys.result, keys.head, keys.log)]
        assert all(ttl - 2 <= life <= ttl for life in lives)

    @pytest.mark.parametrize("prefix", ["", "app1"])
    def test_forget_leaves_a_tombstone_and_nothing_else(
        self, valkey: Valkey, client: redis.Redis, prefix: str
    ) -> None:
        options = {"global_keyprefix": prefix} if prefix else {}
        app = results_app("taskbeam+" + results_at(valkey.url(DB)), result_backend_transport_options=options)
        task_id = str(uuid4())

        def keys() -> set[bytes]:
            return set(client.scan_iter(f"*{task_id}*"))

        app.backend.store_result(task_id, 1, "SUCCESS")
        assert len(keys()) == 4
        assert all((prefix or "celery").encode() in key for key in keys())
        app.AsyncResult(task_id).forget()
        assert [b":tombstone" in key for key in keys()] == [True]
