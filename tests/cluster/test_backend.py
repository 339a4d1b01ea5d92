"""Celery's result backend on a cluster: what stock Celery does on one server, and our journals."""

from __future__ import annotations

import pickle
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import redis
from celery import chain, chord, group
from celery.exceptions import ChordError, ImproperlyConfigured
from celery.result import GroupResult

from taskbeam.celery.cluster_backend import TaskbeamClusterBackend
from taskbeam.celery.cluster_results import ClusterResultConsumer
from taskbeam.celery.outbox_connections import PATIENCE
from taskbeam.cluster.sharded_channels import ShardedChannels
from taskbeam.cluster.slot_map import slot_of
from taskbeam.journal.control_keys import CLUSTER
from taskbeam.presence.row import Row
from tests.support.closing import close_app
from tests.support.jobs import jobs_app
from tests.support.waiting import DEADLINE, wait_until

if TYPE_CHECKING:
    from celery import Celery

    from stack.valkey import Valkey
    from tests.support.redis_cluster import Cluster, ClusterNode


@pytest.fixture
def backend(app: Celery) -> TaskbeamClusterBackend:
    assert isinstance(app.backend, TaskbeamClusterBackend)
    return app.backend


def add(app: Celery, *numbers: int) -> Any:
    return app.signature("jobs.add", args=numbers)


def total(app: Celery) -> Any:
    return app.signature("jobs.total")


def states(backend: TaskbeamClusterBackend, task_id: str) -> list[str]:
    """What the journal of the task tells, in its order."""
    log = backend.client.lrange(backend.keys(task_id).log, 0, -1)
    return [record.split(b'"state":"')[1].split(b'"')[0].decode() for record in log]


def ended(backend: TaskbeamClusterBackend, task_id: str) -> list[str]:
    """The same, once the task is over."""
    wait_until(lambda: states(backend, task_id)[-1:] in (["SUCCESS"], ["FAILURE"], ["REVOKED"]))
    return states(backend, task_id)


def id_at(master: ClusterNode, backend: TaskbeamClusterBackend, cluster: Cluster) -> str:
    """Of a task whose slot the master has."""
    ids = (str(uuid4()) for _ in range(10_000))
    return next(each for each in ids if cluster.owner(backend.keys(each).result) is master)


def test_tasks_of_all_masters(app: Celery, backend: TaskbeamClusterBackend, cluster: Cluster) -> None:
    ids = [id_at(master, backend, cluster) for master in cluster.masters for _ in range(4)]
    results = [add(app, number, 1).apply_async(task_id=each) for number, each in enumerate(ids)]
    assert [result.get(timeout=DEADLINE) for result in results] == [number + 1 for number in range(12)]
    for result in results:
        assert ended(backend, result.id) == ["PENDING", "STARTED", "SUCCESS"]


def test_progress_is_told_in_its_order(app: Celery, backend: TaskbeamClusterBackend) -> None:
    result = app.signature("jobs.digest", args=(20,)).apply_async()
    result.get(timeout=DEADLINE)
    told = ended(backend, result.id)
    assert told == ["PENDING", "STARTED", *["PROGRESS"] * (len(told) - 3), "SUCCESS"]


def test_a_retry_goes_on_in_the_same_journal(app: Celery, backend: TaskbeamClusterBackend) -> None:
    result = app.signature("jobs.flaky").apply_async()
    assert result.get(timeout=DEADLINE) == "done"
    # Celery sends the task again before it stores the retry, so another process may begin the next run first.
    told = [state for state in ended(backend, result.id) if state != "RETRY"]
    assert told == ["PENDING", "STARTED", "STARTED", "SUCCESS"]


def test_a_run_is_registered_while_it_goes_on(app: Celery, backend: TaskbeamClusterBackend) -> None:
    result = app.signature("jobs.digest", args=(100_000,)).apply_async()
    wait_until(lambda: registered(backend) == {result.id})
    app.control.revoke(result.id, terminate=True)
    assert ended(backend, result.id)[-1] == "REVOKED"
    wait_until(lambda: not registered(backend))


def test_a_queue_is_known_by_who_was_sent_who_began_and_who_consumes_it(
    app: Celery, backend: TaskbeamClusterBackend
) -> None:
    result = add(app, 1, 2).apply_async()
    result.get(timeout=DEADLINE)
    queue, client = CLUSTER.queue("celery"), backend.client
    number = client.hget(backend.keys(result.id).head, "ticket").split()[0]
    wait_until(lambda: client.hmget(queue.tickets, "sent", "started") == [number, number])
    for key in (queue.tickets, CLUSTER.times("jobs.add")):
        wait_until(partial(client.hexists, key, "mean"))
    wait_until(lambda: client.zrange(queue.consumers, 0, -1)[0].endswith(b" 2"))


def registered(backend: TaskbeamClusterBackend) -> set[str]:
    """The ids of the tasks that any worker has begun and not ended."""
    control: Any = backend._connections
    with redis.Redis(*control.topology.master(slot_of(CLUSTER.workers))) as client:
        rows = [client.hvals(key) for key in client.scan_iter(f"{CLUSTER.prefix}runs:*")]
    return {Row.decode(row).task_id for each in rows for row in each}


def test_a_group(app: Celery) -> None:
    result: Any = group([add(app, number, number) for number in range(8)], app=app).apply_async()
    assert result.get(timeout=DEADLINE) == [2 * number for number in range(8)]
    result.save()
    found = GroupResult.restore(result.id, app=app)
    assert found is not None
    assert found.get(timeout=DEADLINE) == result.get()
    found.delete()
    assert GroupResult.restore(result.id, app=app) is None


def test_a_chord(app: Celery, backend: TaskbeamClusterBackend) -> None:
    result = chord([add(app, number, 1) for number in range(8)], total(app), app=app).apply_async()
    assert result.get(timeout=DEADLINE) == 36
    assert ended(backend, result.id) == ["PENDING", "PENDING", "STARTED", "SUCCESS"]


def test_a_chord_of_chords(app: Celery) -> None:
    inner = [chord([add(app, 1, 1), add(app, 2, 2)], total(app), app=app) for _ in range(3)]
    assert chord(inner, total(app), app=app).apply_async().get(timeout=DEADLINE) == 18


def test_a_chord_whose_header_fails(app: Celery, backend: TaskbeamClusterBackend) -> None:
    result = chord([add(app, 1, 1), app.signature("jobs.broken")], total(app), app=app).apply_async()
    with pytest.raises((ChordError, ValueError), match="planted"):
        result.get(timeout=DEADLINE)
    assert ended(backend, result.id)[-1] == "FAILURE"


def test_a_chain_whose_first_task_fails(app: Celery, backend: TaskbeamClusterBackend) -> None:
    broken, behind = app.signature("jobs.broken", immutable=True), add(app, 1, 1).set(immutable=True)
    result = chain(broken, behind, app=app).apply_async()
    with pytest.raises(ValueError, match="planted"):
        result.get(timeout=DEADLINE)
    assert ended(backend, result.id) == ["PENDING", "FAILURE"]


def test_what_is_forgotten_leaves_no_key(app: Celery, backend: TaskbeamClusterBackend) -> None:
    result = add(app, 1, 2).apply_async()
    result.get(timeout=DEADLINE)
    ended(backend, result.id)
    result.forget()
    keys = backend.keys(result.id)
    assert not backend.client.exists(keys.result, keys.head, keys.log)


def test_a_result_that_was_published_and_not_heard_is_found(
    app: Celery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A master that vanishes does not close its connections."""
    monkeypatch.setattr("taskbeam.celery.cluster_results.LOOK_INTERVAL", 0.1)
    monkeypatch.setattr(ShardedChannels, "read", lambda *_: None)
    assert add(app, 3, 4).apply_async().get(timeout=DEADLINE) == 7


def test_of_a_task_that_goes_on_no_state_is_told_again(backend: TaskbeamClusterBackend) -> None:
    """`get(on_message=…)` hears each state as it is published; who looks looks for the end."""
    app, task_id, heard = backend.app, str(uuid4()), list[str]()
    pending = backend._pending_results, backend._pending_messages
    looks = ClusterResultConsumer(backend, app, backend.accept, *pending)
    looks.consume_from(task_id)
    looks.on_message = lambda meta: heard.append(meta["status"])
    for state in ("PROGRESS", "SUCCESS"):
        backend.store_result(task_id, None, state)
        looks._look([backend.keys(task_id).result.encode()])
    assert heard == ["SUCCESS"]
    looks.stop()


def test_ids_and_prefixes_with_braces(cluster: Cluster, broker: Valkey) -> None:
    made = jobs_app(broker.url(), "taskbeam+" + cluster.url())
    made.conf.result_backend_transport_options = {"global_keyprefix": "{app}"}
    backend: Any = made.backend
    for task_id in (f"{uuid4()}", f"a{{b}}{uuid4()}", f"}}{uuid4()}"):
        backend.store_result(task_id, 7, "SUCCESS")
        assert made.AsyncResult(task_id).get(timeout=DEADLINE) == 7
        assert states(backend, task_id) == ["SUCCESS"]
    close_app(made)


def test_the_backend_can_be_pickled(backend: TaskbeamClusterBackend) -> None:
    again = pickle.loads(pickle.dumps(backend))
    assert again.startup_nodes == backend.startup_nodes


class TestTheUrl:
    @pytest.mark.parametrize(
        ("url", "told"),
        [
            ("rediscluster://", "names its servers"),
            ("rediscluster://one,", "names its servers"),
            ("rediscluster://one:seven", "one:seven"),
            ("rediscluster://user:secret@one:7000/3", "no database but 0"),
        ],
    )
    def test_that_names_no_cluster(self, url: str, told: str) -> None:
        app = jobs_app("memory://", f"taskbeam+{url}")
        with pytest.raises(ImproperlyConfigured) as raised:
            app.backend  # noqa: B018
        assert told in str(raised.value) or "port" in str(raised.value).lower()
        assert "secret" not in str(raised.value)

    def test_is_shown_without_its_password(self) -> None:
        app = jobs_app(
            "memory://", "taskbeam+rediscluster://user:secret@one:7000,two:7001/0?socket_timeout=3"
        )
        backend: Any = app.backend
        assert backend.as_uri() == "rediscluster://user:**@one:7000,two:7001/0"
        assert backend.connparams["password"] == "secret"
        assert backend.connparams["socket_timeout"] == 3.0
        assert [str(node) for node in backend.startup_nodes] == ["one:7000", "two:7001"]

    @pytest.mark.parametrize(
        ("query", "settings", "seconds"),
        [
            ("", {}, (PATIENCE, PATIENCE)),
            ("?socket_timeout=30", {}, (30.0, PATIENCE)),
            ("", {"redis_socket_timeout": 30, "redis_socket_connect_timeout": 2}, (30.0, 2.0)),
        ],
    )
    def test_says_how_long_a_server_is_waited_for_and_else_as_long_as_a_failover_takes(
        self, query: str, settings: dict[str, float], seconds: tuple[float, float]
    ) -> None:
        app = jobs_app("memory://", f"taskbeam+rediscluster://one:7000{query}")
        app.conf.update(settings)
        backend: Any = app.backend
        given = backend.connparams
        assert (given["socket_timeout"], given["socket_connect_timeout"]) == seconds

    def test_with_tls(self) -> None:
        app = jobs_app("memory://", "taskbeam+redisscluster://one,[::1]:7001/?ssl_cert_reqs=required")
        backend: Any = app.backend
        assert [str(node) for node in backend.startup_nodes] == ["one:6379", "[::1]:7001"]
        assert backend.connparams["connection_class"].__name__ == "SSLConnection"
