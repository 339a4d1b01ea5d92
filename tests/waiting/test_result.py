"""`aresult` returns and raises what `get()` does, without its threads and its polling."""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from weakref import ReferenceType, ref

import pytest
from celery import chain, chord, group
from celery.result import AsyncResult, ResultSet

import taskbeam
from taskbeam import aresult
from taskbeam.background.cancellation import CANCEL_AGAIN
from taskbeam.connections.configuration_error import CeleryConfigurationError
from taskbeam.contract.errors import TaskIgnored, TaskLost, TaskRevoked, UnknownTask
from taskbeam.journal import events
from taskbeam.presence.row import Row
from taskbeam.waiting import connections
from tests.support.closing import close_app
from tests.support.jobs import jobs_app
from tests.support.redis_cluster import one_server
from tests.support.results import control, servers_of
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery import Celery

    from stack.valkey import Valkey
    from tests.support.journal import Journals, Task

DEADLINE = 60


def run(result: Any, **how: Any) -> Any:
    async def use() -> Any:
        return await aresult(result, **{"timeout": DEADLINE} | how)

    return asyncio.run(use())


def test_an_eager_task_has_ended(app: Celery) -> None:
    add, broken = app.tasks["jobs.add"], app.tasks["jobs.broken"]
    assert run(add.apply((2, 3))) == 5
    assert isinstance(run(broken.apply(), propagate=False), ValueError)
    with pytest.raises(ValueError, match="planted-secret"):
        run(broken.apply())


def test_the_first_member_of_a_group_that_fails_ends_the_wait_for_the_others(
    app: Celery, journals: Journals
) -> None:
    waiting = [journals.task() for _ in range(3)]
    members = [*(AsyncResult(each.id, app=app) for each in waiting), app.tasks["jobs.broken"].apply()]

    async def scene() -> None:
        with pytest.raises(ValueError, match="planted-secret"):
            await aresult(ResultSet(members, app=app), timeout=DEADLINE)
        left = [each for each in asyncio.all_tasks() if "aresult" in repr(each.get_coro())]
        assert left == []

    asyncio.run(scene())


def test_a_loop_that_ends_leaves_no_connection_however_long_that_takes(
    app: Celery, journals: Journals
) -> None:
    """Background work that takes long to end is cancelled again, in the middle of what it closes."""
    task = journals.task()

    async def use() -> connections.Connections:
        found = connections.connections_of(app)
        waiting = asyncio.ensure_future(aresult(AsyncResult(task.id, app=app)))
        stop = found._background.stop

        async def slowly() -> None:
            await asyncio.sleep(3 * CANCEL_AGAIN)
            await stop()

        found._background.stop = slowly  # type: ignore[method-assign]
        async with asyncio.timeout(DEADLINE):
            while not found._reads.connected:  # noqa: ASYNC110 # nobody tells
                await asyncio.sleep(0.01)
        assert not waiting.done()
        return found

    found = asyncio.run(use())
    assert not found._reads.connected


@pytest.mark.usefixtures("working")
class TestWithAWorker:
    def test_what_a_task_returns(self, app: Celery) -> None:
        result = app.tasks["jobs.add"].delay(2, 3)
        assert run(result) == result.get(timeout=DEADLINE) == 5
        assert (result.state, result.result) == ("SUCCESS", 5)

    def test_one_that_has_ended(self, app: Celery) -> None:
        result = app.tasks["jobs.add"].delay(2, 3)
        result.get(timeout=DEADLINE)
        assert run(AsyncResult(result.id, app=app)) == 5

    def test_what_a_task_raises(self, app: Celery) -> None:
        result = app.tasks["jobs.broken"].delay()
        with pytest.raises(ValueError, match="planted-secret"):
            run(result)
        assert isinstance(run(result, propagate=False), ValueError)

    def test_a_retry_is_no_end(self, app: Celery) -> None:
        assert run(app.tasks["jobs.flaky"].delay()) == "done"

    def test_groups_chords_and_chains(self, app: Celery) -> None:
        add, total = app.tasks["jobs.add"], app.tasks["jobs.total"]
        assert run(group(add.s(n, 1) for n in range(4)).apply_async()) == [1, 2, 3, 4]
        assert run(chord([add.s(n, 1) for n in range(4)], total.s()).apply_async()) == 10
        assert run(chain(add.s(1, 2), add.s(3)).apply_async()) == 6

    def test_the_end_of_a_chain_that_failed_says_so(self, app: Celery) -> None:
        result = chain(app.tasks["jobs.broken"].si(), app.tasks["jobs.add"].si(1, 1)).apply_async()
        with pytest.raises(ValueError, match="planted-secret"):
            run(result)

    @one_server("on a cluster they are two to each master")
    def test_many_wait_over_two_connections_and_without_threads(self, app: Celery, valkey: Valkey) -> None:
        """Beside Celery's own connections and threads, which are there before."""
        sent = [app.tasks["jobs.add"].delay(number, 1) for number in range(50)]
        threads = threading.active_count()

        async def use() -> None:
            waiting = [asyncio.create_task(aresult(each)) for each in sent * 100]
            async with asyncio.timeout(DEADLINE):
                results = await asyncio.gather(*waiting)
            assert results == [number + 1 for number in range(50)] * 100
            assert len(_waiting_ones(valkey)) == 2
            assert threading.active_count() <= threads  # one of before may have ended

        asyncio.run(use())
        wait_until(lambda: _waiting_ones(valkey) == [])


def _waiting_ones(valkey: Valkey) -> list[Any]:
    """The connections of those who wait: nobody else here has any of that name."""
    return [each for each in _clients(valkey) if each["name"] == "taskbeam-gateway"]


def _clients(valkey: Valkey) -> Any:
    from redis import Redis

    with Redis.from_url(valkey.url()) as client:
        return client.client_list()


@pytest.mark.parametrize(
    ("state", "error"), [("LOST", TaskLost), ("IGNORED", TaskIgnored), ("REVOKED", TaskRevoked)]
)
def test_an_end_that_celery_does_not_store(
    app: Celery, journals: Journals, state: str, error: type[Exception]
) -> None:
    task = journals.task()
    task.append(state=state, type="state", final=True, error={"code": "x", "message": "y", "ref": "z"})
    with pytest.raises(error):
        run(AsyncResult(task.id, app=app))


def test_a_result_that_is_ignored_is_in_the_journal(app: Celery, journals: Journals) -> None:
    task = journals.task()
    task.append(state=events.SUCCESS, type="state", final=True, result={"pages": 3})
    assert run(AsyncResult(task.id, app=app)) == {"pages": 3}


def test_an_unknown_task(app: Celery) -> None:
    with pytest.raises(UnknownTask):
        run(AsyncResult(str(uuid4()), app=app))


@pytest.fixture
def running(journals: Journals) -> Iterator[Task]:
    """A task that a worker has registered, and whose journal Redis has lost."""
    task, worker = journals.task(), str(uuid4())
    task.lose()
    journals.redis.zadd(control().workers, {worker: "+inf"})
    journals.redis.hset(control().runs(worker), task.keys.result, Row("run", False, task.id).encode())
    yield task
    journals.redis.zrem(control().workers, worker)
    journals.redis.delete(control().runs(worker))


def test_a_task_that_runs_is_not_unknown_though_its_journal_is_missing(app: Celery, running: Task) -> None:
    async def use() -> Any:
        waiting = asyncio.create_task(aresult(AsyncResult(running.id, app=app), timeout=DEADLINE))
        await asyncio.to_thread(wait_until, lambda: waiting.done() or running.subscribers == 1)
        # Over the connection that has read the journal, so that this was answered.
        assert await connections.connections_of(app).get(running.keys.result) is None
        assert not waiting.done()
        running.append(state=events.SUCCESS, type="state", final=True, result={"pages": 3})
        return await waiting

    assert asyncio.run(use()) == {"pages": 3}


def test_a_wait_that_times_out_leaves_no_subscription(app: Celery, journals: Journals) -> None:
    tasks = [journals.task() for _ in range(100)]

    async def use() -> None:
        for task in tasks:
            with pytest.raises(TimeoutError):
                await aresult(AsyncResult(task.id, app=app), timeout=0.01)
        assert connections.connections_of(app).hub.followed() == []
        await asyncio.to_thread(wait_until, lambda: not any(task.subscribers for task in tasks))

    asyncio.run(use())


def test_connections_are_closed_when_nobody_waits_and_made_again(
    app: Celery, journals: Journals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "LINGER", 0.05)
    task = journals.task()
    task.append(state=events.SUCCESS, type="state", final=True, result=7)
    result: AsyncResult[Any] = AsyncResult(task.id, app=app)

    async def use() -> None:
        assert await aresult(result) == 7
        first = connections.connections_of(app)
        assert connections.connections_of(app) is first
        async with asyncio.timeout(DEADLINE):
            while len(asyncio.all_tasks()) > 1:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert first.closing
        assert await aresult(AsyncResult(task.id, app=app)) == 7

    asyncio.run(use())


def test_each_event_loop_has_its_own_and_keeps_no_other_in_memory(app: Celery, journals: Journals) -> None:
    task = journals.task()
    task.append(state=events.SUCCESS, type="state", final=True, result=7)
    loops: list[ReferenceType[asyncio.AbstractEventLoop]] = []

    async def use() -> Any:
        loops.append(ref(asyncio.get_running_loop()))
        return await aresult(AsyncResult(task.id, app=app), timeout=DEADLINE)

    assert [asyncio.run(use()) for _ in range(3)] == [7, 7, 7]
    gc.collect()
    *before, _ = loops
    assert [loop() for loop in before] == [None, None]


def test_a_lost_connection_is_made_again_and_nothing_is_missed(
    app: Celery, journals: Journals, valkey: Valkey
) -> None:
    task = journals.task()

    async def use() -> Any:
        waiting = asyncio.create_task(aresult(AsyncResult(task.id, app=app), timeout=DEADLINE))
        await asyncio.to_thread(task.wait_for_subscribers)
        with servers_of(valkey.url()) as servers:
            for server in servers:
                for client in server.client_list():
                    if client["name"] == "taskbeam-gateway":
                        server.client_kill(client["addr"])
        task.append(state=events.SUCCESS, type="state", final=True, result="told meanwhile")
        return await waiting

    assert asyncio.run(use()) == "told meanwhile"


def test_another_backend_is_refused_in_words(valkey: Valkey) -> None:
    stock = jobs_app(valkey.url(0), valkey.url(1))
    with pytest.raises(CeleryConfigurationError, match=r"taskbeam\+redis"):
        run(AsyncResult("any", app=stock))
    close_app(stock)


def test_without_an_asyncio_loop_it_says_so(app: Celery) -> None:
    waiting = aresult(AsyncResult("any", app=app))
    with pytest.raises(RuntimeError, match="asyncio"):
        waiting.send(None)


def test_the_package_has_no_other_names() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        taskbeam.nonsense  # noqa: B018
