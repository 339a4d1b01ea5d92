"""`AsyncResult.get()` on a cluster hears what the task's own server publishes, in any thread and process."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.support.closing import close_app
from tests.support.forking import ended, ended_beside, forked
from tests.support.jobs import jobs_app
from tests.support.waiting import DEADLINE, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery import Celery

    from stack.valkey import Valkey
    from taskbeam.celery.cluster_results import ClusterResultConsumer
    from tests.support.redis_cluster import Cluster


@pytest.fixture
def backend(cluster: Cluster, broker: Valkey, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Whose results are heard, for nobody looks for them."""
    monkeypatch.setattr("taskbeam.celery.cluster_results.LOOK_INTERVAL", 10 * DEADLINE)
    app = jobs_app(broker.url(), "taskbeam+" + cluster.url())
    yield app.backend
    close_app(app)


def waiting(backend: Any, *task_ids: str) -> bool:
    """Whether the servers say that somebody listens to all of them."""
    client = backend.client
    return all(listeners(client, backend.keys(task_id).result) for task_id in task_ids)


def listeners(client: Any, channel: str) -> int:
    node = client.get_node_from_key(channel)
    return int(client.execute_command("PUBSUB", "SHARDNUMSUB", channel, target_nodes=node)[1])


def in_thread(app: Celery, task_id: str, **arguments: Any) -> Any:
    """Whose result another thread waits for."""
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(app.AsyncResult(task_id).get, timeout=DEADLINE, **arguments)
    finally:
        pool.shutdown(wait=False)


def test_each_state_is_heard_as_it_is_told(backend: Any) -> None:
    task_id, heard = str(uuid4()), list[Any]()
    said = [({"current": current}, "PROGRESS") for current in range(5)] + [("done", "SUCCESS")]

    def tell() -> None:
        for result, state in said:
            backend.store_result(task_id, result, state)

    # What is told before it waits is looked for, and not heard. Celery calls `on_interval` once.
    got = backend.app.AsyncResult(task_id).get(
        timeout=DEADLINE, on_interval=tell, on_message=lambda meta: heard.append(meta["result"])
    )
    assert got == "done"
    assert heard == [result for result, _ in said]


def test_no_server_tells_the_others_what_a_task_does(backend: Any, cluster: Cluster) -> None:
    """But for replicas, and these only where somebody listens."""

    def told() -> list[int]:
        infos = [node.ask("INFO").decode() for node in cluster.nodes]
        lines = [line.partition(":") for info in infos for line in info.splitlines()]
        kinds = ("publish", "publishshard")
        return [
            sum(int(count) for name, _, count in lines if name == f"cluster_stats_messages_{kind}_sent")
            for kind in kinds
        ]

    before = told()
    for _ in range(12):
        task_id = str(uuid4())
        for state in ("STARTED", "PROGRESS", "SUCCESS"):
            backend.store_result(task_id, None, state)
    assert told() == before
    backend._set(backend.keys(str(uuid4())).result, b"{}")
    [all_servers, replicas] = told()
    assert (all_servers, replicas) == (before[0], before[1] + 1)


def test_threads_wait_for_tasks_of_all_masters(backend: Any) -> None:
    ids = [str(uuid4()) for _ in range(12)]
    results = [in_thread(backend.app, task_id) for task_id in ids]
    wait_until(lambda: waiting(backend, *ids))
    for number, task_id in enumerate(ids):
        backend.store_result(task_id, number, "SUCCESS")
    assert [result.result(DEADLINE) for result in results] == list(range(12))
    wait_until(lambda: not any(listeners(backend.client, backend.keys(each).result) for each in ids))


def test_what_is_told_may_wait_for_another_result(backend: Any) -> None:
    first, second, found = str(uuid4()), str(uuid4()), list[Any]()

    def then(_: Any) -> None:
        found.append(backend.app.AsyncResult(second).get(timeout=DEADLINE))

    result = backend.app.AsyncResult(first)
    result.then(then)
    waited = in_thread(backend.app, first)
    wait_until(lambda: waiting(backend, first))
    backend.store_result(first, 1, "SUCCESS")
    wait_until(lambda: waiting(backend, second))
    backend.store_result(second, 2, "SUCCESS")
    assert waited.result(DEADLINE) == 1
    assert found == [2]


def test_what_came_with_it_is_told_all_the_same(backend: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two results come at once, and what is told of the first raises."""
    consumer: ClusterResultConsumer = backend.result_consumer
    port = _port_of(backend, str(uuid4()))
    first, second = (backend.app.AsyncResult(next(_ids_at(port, backend))) for _ in range(2))
    for each in (first, second):
        backend.add_pending_result(each)
    wait_until(lambda: _drained(consumer) and waiting(backend, first.id, second.id))

    def fails(_: Any) -> None:
        raise LookupError("of the application")

    first.then(fails)
    for each in (first, second):
        backend.store_result(each.id, each.id, "SUCCESS")
    wait_until(lambda: consumer._hears() and len(consumer._heard.messages) == 2)
    monkeypatch.setattr(consumer, "_look", lambda _: None)
    with pytest.raises(LookupError, match="of the application"):
        for _ in consumer.drain_events_until(first.on_ready, timeout=DEADLINE):
            pass
    assert not second._cache
    consumer.drain_events(0)
    assert second._cache["result"] == second.id


def _drained(consumer: ClusterResultConsumer) -> bool:
    consumer.drain_events(0)
    return not consumer._hears()


def _port_of(backend: Any, task_id: str) -> int:
    return int(backend.client.get_node_from_key(backend.keys(task_id).result).port)


def test_what_has_ended_before_it_was_listened_to_is_found(
    backend: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the first look and the subscription."""
    task_id = str(uuid4())
    consumer = backend.result_consumer
    consume_from = consumer.consume_from
    monkeypatch.setattr(consumer, "consume_from", lambda _: None)
    result = backend.app.AsyncResult(task_id)
    backend.add_pending_result(result)
    backend.store_result(task_id, "early", "SUCCESS")
    consume_from(task_id)
    for _ in consumer.drain_events_until(result.on_ready, timeout=DEADLINE):
        pass
    assert result.result == "early"


def test_a_thread_that_waits_is_woken_by_a_server_more(
    backend: Any, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes while another one waits opens a connection that this one knows nothing of."""
    consumer: ClusterResultConsumer = backend.result_consumer
    ids = [next(_ids_at(master.port, backend)) for master in cluster.masters]
    consumer.consume_from(ids[0])
    # All that comes of it has come.
    wait_until(lambda: waiting(backend, ids[0]))
    consumer.drain_events(0)
    wait, waits, woken = consumer._wait, threading.Event(), threading.Event()

    def waits_long(_: float) -> None:
        waits.set()
        wait(DEADLINE)
        woken.set()

    monkeypatch.setattr(consumer, "_wait", waits_long)
    draining = threading.Thread(target=consumer.drain_events)
    draining.start()
    assert waits.wait(DEADLINE)
    wait_until(lambda: consumer._waker is not None)
    consumer.consume_from(ids[1])
    assert woken.wait(DEADLINE / 2)
    draining.join()


def _ids_at(port: int, backend: Any) -> Iterator[str]:
    while True:
        task_id = str(uuid4())
        if _port_of(backend, task_id) == port:
            yield task_id


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_child_waits_for_nothing_that_a_thread_of_its_parent_does_with_the_cluster(backend: Any) -> None:
    task_id = str(uuid4())
    backend.store_result(task_id, "there", "SUCCESS")
    client = backend.client

    def read() -> None:
        assert backend.app.AsyncResult(task_id).get(timeout=DEADLINE) == "there"

    assert ended_beside(read, client._lock, client.nodes_manager._lock) == 0


# The test's own process has threads; the child waits for none of theirs.
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_child_listens_for_itself(backend: Any) -> None:
    mine, theirs = str(uuid4()), str(uuid4())
    result = in_thread(backend.app, mine)
    wait_until(lambda: waiting(backend, mine))

    def hear() -> None:
        assert backend.app.AsyncResult(theirs).get(timeout=DEADLINE) == "of the child"

    child = forked(hear)
    wait_until(lambda: waiting(backend, theirs))
    backend.store_result(theirs, "of the child", "SUCCESS")
    assert ended(child) == 0
    backend.store_result(mine, "of the parent", "SUCCESS")
    assert result.result(DEADLINE) == "of the parent"


def test_nobody_waits_to_cancel(backend: Any) -> None:
    """Python may collect a result at any moment, also in a thread that is busy with the channels."""
    consumer: ClusterResultConsumer = backend.result_consumer
    task_id = str(uuid4())
    consumer.consume_from(task_id)
    wait_until(lambda: waiting(backend, task_id))
    with consumer._exclusive():
        consumer.cancel_for(task_id)
        assert listeners(backend.client, backend.keys(task_id).result) == 1
    wait_until(lambda: listeners(backend.client, backend.keys(task_id).result) == 0)
