"""Reads and appends of a gateway on a cluster: they find the master while slots move and masters die."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from redis.exceptions import ConnectionError  # noqa: A004

from taskbeam.cluster.appender import ClusterAppender
from taskbeam.cluster.exchange import ClusterExchange, first_key
from taskbeam.gateway.jobs.revoking import Revoker
from taskbeam.journal.appender import BATCH
from taskbeam.journal.entry import Verdict
from taskbeam.journal.history import History
from taskbeam.journal.reader import JournalReader
from tests.support.closing import close_app
from tests.support.jobs import jobs_app
from tests.support.waiting import DEADLINE, wait_until

from .connected import control_client, seeds
from .journals import until_replicated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from taskbeam.cluster.slot_map import Address
    from tests.support.redis_cluster import Cluster, ClusterNode

    from .journals import Journals, Task


@asynccontextmanager
async def exchange(cluster: Cluster) -> AsyncIterator[ClusterExchange]:
    async with control_client(seeds(cluster)) as client:
        made = ClusterExchange(client.topology, DEADLINE)
        try:
            yield made
        finally:
            await made.aclose()


async def read(connections: ClusterExchange, task: Task) -> list[int]:
    """What a gateway reads of the journal."""
    history = await JournalReader(connections).read(task.keys, None, 1000)
    assert isinstance(history, History)
    return [json.loads(record.body)["data"] for record in history.records]


def other(cluster: Cluster, node: ClusterNode) -> ClusterNode:
    return next(each for each in cluster.masters if each is not node)


def refused(node: ClusterNode, code: str) -> int:
    """How often a server has refused a command with this code."""
    counted = node.client.info("errorstats").get(f"errorstat_{code}")
    return counted["count"] if counted else 0


def test_each_journal_is_read_and_continued_where_it_is(cluster: Cluster, journals: Journals) -> None:
    async def scene(tasks: list[Task]) -> list[list[int]]:
        async with exchange(cluster) as connections:
            await ClusterAppender(connections).append_all([task.entry(2) for task in tasks])
            return list(await asyncio.gather(*(read(connections, task) for task in tasks)))

    tasks = [journals.task(at) for at in cluster.masters for _ in range(3)]
    for task in tasks:
        task.append(1)
    for master in cluster.masters:
        master.client.script_flush()  # as one that was just promoted
    assert asyncio.run(scene(tasks)) == [[1, 2]] * len(tasks)


def test_what_is_appended_to_one_journal_is_in_order(cluster: Cluster, journals: Journals) -> None:
    async def scene(task: Task) -> list[int]:
        async with exchange(cluster) as connections:
            entries = [task.entry(number) for number in range(BATCH + 5)]
            appended = await ClusterAppender(connections).append_all(entries)
            assert {each.verdict for each in appended} == {Verdict.APPENDED}
            return await read(connections, task)

    assert asyncio.run(scene(journals.task())) == list(range(BATCH + 5))


class LosesAnAnswer(ClusterExchange):
    """Whatever is asked first is done, and the connection is lost before the answer."""

    lost = False

    def _replied(self, request: Any, asked: Address, reply: Any) -> None:
        if not self.lost and not isinstance(reply, Exception):
            self.lost, reply = True, ConnectionError("the connection was lost")
        super()._replied(request, asked, reply)


def test_what_is_appended_is_there_once_though_its_answer_is_lost(
    cluster: Cluster, journals: Journals
) -> None:
    async def scene(task: Task) -> Verdict:
        async with control_client(seeds(cluster)) as client:
            connections = LosesAnAnswer(client.topology, DEADLINE)
            appended = await ClusterAppender(connections).append(task.entry(2))
            await connections.aclose()
            return appended.verdict

    task = journals.task()
    task.append(1)
    assert asyncio.run(scene(task)) is Verdict.REPEATED
    assert task.said() == [1, 2]


def test_a_task_is_revoked_though_the_answer_is_lost(cluster: Cluster, journals: Journals) -> None:
    async def scene(task: Task, backend: Any) -> bool:
        async with control_client(seeds(cluster)) as client:
            connections = LosesAnAnswer(client.topology, DEADLINE)
            revoked = await Revoker(backend, ClusterAppender(connections)).revoke(task.id)
            await connections.aclose()
            return revoked

    app, task = jobs_app("memory://", f"taskbeam+{cluster.url()}"), journals.task()
    task.append(1, state="PENDING", birth=True, run="")
    assert asyncio.run(scene(task, app.backend))
    assert task.states() == ["PENDING", "REVOKED"]
    close_app(app)


def test_a_journal_whose_slot_moves_there_and_back(cluster: Cluster, journals: Journals) -> None:
    async def scene(task: Task) -> list[list[int]]:
        async with exchange(cluster) as connections:
            source, seen = task.owner(), []
            for number, place in enumerate((other(cluster, source), source)):
                seen.append(await read(connections, task))
                await asyncio.to_thread(cluster.move, task.slot, place)
                await ClusterAppender(connections).append(task.entry(number))
            return [*seen, await read(connections, task)]

    task = journals.task()
    task.append(-1)
    assert asyncio.run(scene(task)) == [[-1], [-1, 0], [-1, 0, 1]]


def test_a_key_that_is_there_already_is_read_while_its_slot_moves(
    cluster: Cluster, journals: Journals
) -> None:
    """By ASK: the one that has the slot sends the command there, once."""

    async def scene(task: Task) -> list[bytes]:
        async with exchange(cluster) as connections:
            return list(await connections.execute(*[("HGET", task.keys.head, "seq")] * 20))

    task = journals.task()
    task.append(1)
    source = task.owner()
    there = other(cluster, source)
    cluster.begin_move(task.slot, there)
    try:
        keys = source.ask("GETKEYSINSLOT", task.slot, 100)
        source.hand_over(there, *keys)
        before = refused(source, "ASK")
        assert asyncio.run(scene(task)) == [b"1"] * 20
        assert refused(source, "ASK") == before + 20
    finally:
        cluster.end_move(task.slot, source, there)
        cluster.move(task.slot, source)


def test_what_is_in_halves_is_read_and_continued_when_it_is_whole(
    cluster: Cluster, journals: Journals
) -> None:
    """By TRYAGAIN: of the keys that a script takes, some are here and some are there."""

    async def scene(task: Task, source: ClusterNode, there: ClusterNode) -> list[int]:
        async with exchange(cluster) as connections:
            await read(connections, task)
            await asyncio.to_thread(cluster.begin_move, task.slot, there)
            head = task.keys.head
            source.hand_over(there, head)
            reading = asyncio.ensure_future(read(connections, task))
            appending = asyncio.ensure_future(ClusterAppender(connections).append(task.entry(2)))
            before = refused(source, "TRYAGAIN")
            await asyncio.to_thread(wait_until, lambda: refused(source, "TRYAGAIN") >= before + 4)
            assert not reading.done()
            assert not appending.done()
            await asyncio.to_thread(cluster.end_move, task.slot, source, there)
            assert (await reading)[0] == 1
            assert (await appending).verdict is Verdict.APPENDED
            return await read(connections, task)

    task = journals.task()
    task.append(1)
    source = task.owner()
    there = other(cluster, source)
    try:
        assert asyncio.run(scene(task, source, there)) == [1, 2]
    finally:
        cluster.move(task.slot, source)


@pytest.mark.parametrize("failure", ["kill", "pause"])
def test_a_promoted_replica_is_read(mortal: Cluster, journals: Journals, failure: str) -> None:
    """Where its master died, and where it hangs: nobody waits for that once another one has its slots."""

    async def scene(task: Task, master: ClusterNode) -> list[int]:
        async with exchange(mortal) as connections:
            assert await read(connections, task) == [1]
            getattr(master.server, failure)()
            reading = asyncio.ensure_future(read(connections, task))
            await asyncio.to_thread(mortal.replica_of(master).take_over)
            return await asyncio.wait_for(_until_over(connections, reading), DEADLINE)

    async def _until_over(connections: ClusterExchange, reading: asyncio.Future[list[int]]) -> list[int]:
        while not (await asyncio.wait((reading,), timeout=0.1))[0]:
            await connections._topology.refresh()  # as the subscriber does now and then
        return await reading

    task = journals.task()
    task.append(1)
    master = task.owner()
    until_replicated(mortal, master)
    try:
        assert asyncio.run(scene(task, master)) == [1]
    finally:
        if failure == "pause":
            master.server.resume()


@pytest.mark.parametrize(
    ("command", "key"),
    [
        (("GET", "a"), "a"),
        (("HMGET", b"a", "field"), b"a"),
        (("EVALSHA", "digest", 2, "a", "b", "c"), "a"),
        (("EVAL", "text", 1, b"a"), b"a"),
    ],
)
def test_a_command_goes_where_its_first_key_is(command: tuple[str, ...], key: str | bytes) -> None:
    assert first_key(command) == key


def test_a_command_without_a_key_is_refused() -> None:
    with pytest.raises(ValueError, match="TIME"):
        first_key(("TIME",))
