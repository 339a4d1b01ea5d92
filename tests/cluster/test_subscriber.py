"""Followers on a cluster end with exactly the journal, while slots move and a master dies and comes back."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from taskbeam.cluster.exchange import ClusterExchange
from taskbeam.follow.cluster_subscriber import ClusterSubscriber
from taskbeam.follow.hub import Hub
from taskbeam.follow.missing import MissingJournals
from taskbeam.journal.cluster_keys import ClusterKeys
from taskbeam.journal.keys import CELERY_PREFIX, JournalNames
from taskbeam.journal.reader import JournalReader
from taskbeam.queues.audience import Audience
from tests.support.ending import end
from tests.support.waiting import DEADLINE, wait_until

from .connected import control_client, seeds
from .journals import Journals, until_replicated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from taskbeam.follow.event import Event
    from taskbeam.follow.outputs import End
    from tests.support.redis_cluster import Cluster, ClusterNode

    from .journals import Task

#: Tasks that each master has.
OF_EACH_MASTER = 20


class Followed:
    """What one client is told of one task; ``ended``: that the journal has."""

    def __init__(self) -> None:
        self.told: list[int] = []
        self.gaps = 0
        self.ended = asyncio.Event()

    def deliver(self, events: Sequence[Event]) -> None:
        for event in events:
            body = json.loads(event.body)
            self.gaps += body.get("type") == "gap"
            if "data" in body:
                self.told.append(body["data"])

    def finish(self, _end: End) -> None:
        self.ended.set()


class Scene:
    """A gateway's hub on a cluster, without the gateway."""

    def __init__(self, hub: Hub, subscriber: ClusterSubscriber) -> None:
        self.hub = hub
        self.subscriber = subscriber

    def follow(self, task: Task) -> Followed:
        followed = Followed()
        self.hub.follow(task.id, None, followed)
        return followed

    async def until_connected(self) -> None:
        await asyncio.to_thread(wait_until, lambda: self.subscriber.connected)


@asynccontextmanager
async def scene(cluster: Cluster) -> AsyncIterator[Scene]:
    async with control_client(seeds(cluster), 5.0) as client:
        exchange = ClusterExchange(client.topology, 5.0)
        names = JournalNames(CELERY_PREFIX, ClusterKeys)
        hub = Hub(JournalReader(exchange), Audience(), MissingJournals(DEADLINE), names)
        subscriber = ClusterSubscriber(client.topology, hub)
        hub.attach(subscriber)
        running = asyncio.create_task(subscriber.run())
        try:
            made = Scene(hub, subscriber)
            await made.until_connected()
            yield made
        finally:
            await end(running)
            await exchange.aclose()


def other(cluster: Cluster, node: ClusterNode) -> ClusterNode:
    return next(each for each in cluster.masters if each is not node)


def until_told(followed: Followed, *numbers: int) -> None:
    wait_until(lambda: followed.told == list(numbers), lambda: f"{numbers}, not {followed.told}")


def test_tasks_of_all_masters_are_followed(cluster: Cluster) -> None:
    async def run(tasks: list[Task]) -> None:
        async with scene(cluster) as here:
            all_followed = [here.follow(task) for task in tasks]
            for number in range(2, 5):
                for task in tasks:
                    await asyncio.to_thread(task.append, number, final=number == 4)
            async with asyncio.timeout(DEADLINE):
                for followed in all_followed:
                    await followed.ended.wait()
            assert [followed.told for followed in all_followed] == [[1, 2, 3, 4]] * len(tasks)

    journals = Journals(cluster)
    try:
        tasks = [journals.task(at) for at in cluster.masters for _ in range(4)]
        for task in tasks:
            task.append(1)
        asyncio.run(run(tasks))
    finally:
        journals.close()


@pytest.mark.parametrize("there_and_back", [False, True])
def test_only_what_moved_is_subscribed_to_again(cluster: Cluster, there_and_back: bool) -> None:
    """Though what the slot's new master publishes before the move ends is heard by nobody."""

    async def run(task: Task, beside: Task) -> None:
        async with scene(cluster) as here:
            followed, stays = here.follow(task), here.follow(beside)
            await asyncio.to_thread(until_told, followed, 1)
            await asyncio.to_thread(until_told, stays, 1)
            nodes = dict(here.subscriber._nodes)
            for number, place in enumerate(places, 2):
                await asyncio.to_thread(cluster.move, task.slot, place)
                await asyncio.to_thread(task.append, number)
                await asyncio.to_thread(until_told, followed, *range(1, number + 1))
            await asyncio.to_thread(beside.append, 2)
            await asyncio.to_thread(until_told, stays, 1, 2)
            assert here.subscriber._nodes == nodes

    journals = Journals(cluster)
    task = journals.task()
    source = task.owner()
    beside = journals.task(source)
    there = other(cluster, source)
    places = [there, source] if there_and_back else [there]
    try:
        task.append(1)
        beside.append(1)
        asyncio.run(run(task, beside))
    finally:
        journals.close()
        if not there_and_back:
            cluster.move(task.slot, source)


def test_whoever_joins_where_the_map_is_old_is_sent_on(cluster: Cluster) -> None:
    """By MOVED, for nobody was subscribed there, whom the end of a subscription would have told."""

    async def run(task: Task) -> None:
        async with scene(cluster) as here:
            await asyncio.to_thread(cluster.move, task.slot, there)
            followed = here.follow(task)
            await asyncio.to_thread(until_told, followed, 1)
            await asyncio.to_thread(task.append, 2, final=True)
            await asyncio.wait_for(followed.ended.wait(), DEADLINE)
            assert followed.told == [1, 2]

    journals = Journals(cluster)
    task = journals.task()
    source = task.owner()
    there = other(cluster, source)
    try:
        task.append(1)
        asyncio.run(run(task))
    finally:
        journals.close()
        cluster.move(task.slot, source)


def test_nothing_is_missed_while_slots_move_and_a_master_dies_and_returns(
    mortal: Cluster, journals: Journals
) -> None:
    """60 followers; the journals go on all the time."""
    tasks = [journals.task(at) for at in mortal.masters for _ in range(OF_EACH_MASTER)]
    for task in tasks:
        task.append(0)
    home = tasks[-1].owner()
    try:
        asyncio.run(_through_it_all(mortal, tasks))
    finally:
        mortal.move(tasks[-1].slot, home)


async def _through_it_all(cluster: Cluster, tasks: list[Task]) -> None:
    async with scene(cluster) as here:
        all_followed = [here.follow(task) for task in tasks]
        over = asyncio.Event()
        writing = asyncio.ensure_future(asyncio.to_thread(_write, tasks, over))
        await asyncio.to_thread(_disturb, here, cluster, tasks)
        over.set()
        last = await writing
        async with asyncio.timeout(DEADLINE):
            for followed in all_followed:
                await followed.ended.wait()
        assert last > 0
        for place, (task, followed) in enumerate(zip(tasks, all_followed, strict=True)):
            said = await asyncio.to_thread(task.said)
            lives = len(await asyncio.to_thread(task.epochs))
            # The first master dies, and the last task was moved to it. What it took last may be gone with it.
            if place < OF_EACH_MASTER or task is tasks[-1]:
                assert [number for number in followed.told if number in said] == said
                assert followed.gaps <= lives - 1 <= 1
            else:
                assert followed.told == said
                assert (followed.gaps, lives) == (0, 1)
        await here.until_connected()


def _write(tasks: list[Task], over: asyncio.Event) -> int:
    number = 0
    while not over.is_set():
        number += 1
        for task in tasks:
            task.append(number)
    for task in tasks:
        task.append(number + 1, final=True)
    return number


def _disturb(here: Scene, cluster: Cluster, tasks: list[Task]) -> None:
    for task in tasks[:3]:
        source = task.owner()
        there = other(cluster, source)
        cluster.move(task.slot, there)
        cluster.move(task.slot, source)
    moved = tasks[-1]
    victim = cluster.masters[0]
    cluster.move(moved.slot, victim)
    until_replicated(cluster, victim)
    victim.server.kill()
    wait_until(lambda: not here.subscriber.connected, lambda: "a gateway that notices")
    cluster.replica_of(victim).take_over()
    victim.server.start()
    cluster.until_whole()
