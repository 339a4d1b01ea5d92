"""Ids and prefixes with braces, on a real cluster: all that an append touches is in one slot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from celery import Celery

from taskbeam.celery.journal_backend import JournalBackend

if TYPE_CHECKING:
    from tests.support.redis_cluster import Cluster


@pytest.mark.parametrize("prefix", ["", "{app}", "{}", "a}b", "{"])
@pytest.mark.parametrize("task_id", ["plain", "a{b}c", "a}b", "{}x", "a{b"])
def test_a_task_is_told_and_kept(cluster: Cluster, prefix: str, task_id: str) -> None:
    app = Celery("braces", broker="memory://", backend="taskbeam+" + cluster.url(), set_as_current=False)
    app.conf.result_backend_transport_options = {"global_keyprefix": prefix}
    backend: Any = app.backend
    assert isinstance(backend, JournalBackend)
    keys, client = backend.keys(task_id), backend.client
    try:
        for state in ("STARTED", "SUCCESS"):
            backend.store_result(task_id, 7, state)
        assert (client.llen(keys.log), client.hget(keys.head, "final")) == (2, b"1")
        assert app.AsyncResult(task_id).result == 7
        backend.forget(task_id)
        assert [client.exists(each) for each in (keys.result, keys.head)] == [0, 0]
    finally:
        backend._outbox.close()
        client.close()
        app.close()
