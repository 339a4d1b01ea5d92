"""Who waits is told where they stand: once, whoever looks, and without a look at the queue itself."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from taskbeam.journal.entry import Ran, Registration
from taskbeam.presence.consumption import Consumption
from taskbeam.presence.lease import Lease
from taskbeam.queues.audience import Audience
from taskbeam.queues.watch import QueueWatch
from tests.support.redis_cluster import one_server
from tests.support.results import control, reach_of

from .conftest import DB
from .journal import Journal
from .monitoring import commands
from .waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import redis as sync_redis
    from redis.connection import Connection

    from stack.valkey import Valkey
    from taskbeam.journal.control_keys import QueueKeys
    from taskbeam.journal.writer import Writer
    from tests.support.results import Reach

Story = list[dict[str, Any]]


class Room:
    """Tasks in a queue of their own, and gateways that look at it; no sweep has to wait for the next."""

    def __init__(self, valkey: Valkey, send: Callable[[QueueKeys, str], Journal]) -> None:
        self.queue = str(uuid4())
        self.keys = control().queue(self.queue)
        self.name = str(uuid4())
        self._url = valkey.url(DB)
        self._send = send
        self.tasks: list[Journal] = []
        #: What the last gateway would look at again.
        self.looked_at: set[str] = set()

    def send(self, count: int = 1) -> None:
        self.tasks += [self._send(self.keys, self.name) for _ in range(count)]

    def begin(self, task: int) -> None:
        self.tasks[task].append("STARTED", "a")

    def learn(self, count: int, seconds: float) -> None:
        """Tasks that ran before."""
        for _ in range(count):
            task = self._send(self.keys, self.name)
            ran = Ran(seconds, control().times(self.name))
            over = Registration(runs_key=control().runs(self.name), row="")
            task.append("SUCCESS", "a", ran=ran, registration=over, name=self.name)

    def story(self, task: int) -> Story:
        """What its events say of waiting."""
        told = ("ahead", "waiting", "estimate")
        return [{name: event[name] for name in told if name in event} for event in self.tasks[task].events]

    def sweep(
        self, *followed: int, sweeps: int = 1, between: Callable[[], object] = lambda: None, **options: float
    ) -> list[int]:
        """What each sweep of one gateway told; ``between`` happens before each but the first."""
        return asyncio.run(self._sweep(followed, sweeps, between, options))

    async def _sweep(
        self, followed: tuple[int, ...], sweeps: int, between: Callable[[], object], options: dict[str, float]
    ) -> list[int]:
        async with reach_of(self._url) as reach:
            audience = self.audience(followed)
            watch = self.watch(reach, audience, **options)
            told = [await watch.sweep()]
            for _ in range(sweeps - 1):
                between()
                told.append(await watch.sweep())
            self.looked_at = {*audience.new, *watch._waiting}
            return told

    def audience(self, followed: tuple[int, ...]) -> Audience:
        audience = Audience()
        for task in followed:
            audience.follow(self.tasks[task].task_id, self.tasks[task].keys)
        return audience

    def watch(
        self,
        reach: Reach,
        audience: Audience,
        interval: float = 0.0,
        no_consumer_after: float = 0.0,
    ) -> QueueWatch:
        return QueueWatch(
            reach.redis,
            reach.appender,
            control(),
            audience,
            interval=interval,
            no_consumer_after=no_consumer_after,
            journals=reach.journals,
        )

    def sweep_at_once(self, gateways: int, *followed: int) -> list[int]:
        """What each gateway told, all looking at the same time."""

        async def all_of_them() -> list[int]:
            async with reach_of(self._url) as reach:
                watches = [self.watch(reach, self.audience(followed)) for _ in range(gateways)]
                return await asyncio.gather(*(watch.sweep() for watch in watches))

        return asyncio.run(all_of_them())


@pytest.fixture
def room(valkey: Valkey, client: sync_redis.Redis, writer: Writer) -> Room:
    def send(keys: QueueKeys, name: str) -> Journal:
        journal = Journal(client, writer)
        journal.send(queue=keys, name=name)
        return journal

    return Room(valkey, send)


@pytest.fixture
def consumed(room: Room, client: sync_redis.Redis, connect: Callable[[], Connection]) -> Callable[..., Any]:
    @contextmanager
    def consumer(slots: int = 1) -> Iterator[None]:
        # It is not renewed while a test counts commands.
        lease = Lease(str(uuid4()), connect, control(), 3600.0, lambda: Consumption((room.queue,), slots))
        lease.hold()
        until(lambda: client.exists(room.keys.consumers))
        yield
        lease.release()

    return consumer


class TestAhead:
    def test_is_told_when_it_changes(self, room: Room, consumed: Callable[..., Any]) -> None:
        room.send(4)
        begins = iter((0, 2))
        with consumed():
            assert room.sweep(3, sweeps=4, between=lambda: room.begin(next(begins, 2))) == [1, 1, 1, 0]
        assert room.story(3) == [{}, {"ahead": 3}, {"ahead": 2}, {"ahead": 0}]

    def test_is_in_a_pending_event_that_is_not_final(self, room: Room, consumed: Callable[..., Any]) -> None:
        room.send(2)
        with consumed():
            room.sweep(1)
        newest = room.tasks[1].events[-1]
        assert (newest["type"], newest["state"], newest["final"]) == ("state", "PENDING", False)

    def test_is_not_told_to_those_that_nobody_follows(self, room: Room, consumed: Callable[..., Any]) -> None:
        room.send(3)
        with consumed():
            assert room.sweep(1) == [1]
        assert room.story(2) == [{}]

    def test_of_one_that_is_next_is_no_news(self, room: Room, consumed: Callable[..., Any]) -> None:
        room.send(1)
        with consumed():
            assert room.sweep(0) == [0]

    def test_is_not_told_more_often_than_agreed(self, room: Room, consumed: Callable[..., Any]) -> None:
        room.send(5)
        with consumed():
            assert room.sweep(4, interval=3600.0) == [0]  # it was sent but now
            assert room.sweep(4) == [1]
            room.begin(2)
            assert room.sweep(4, interval=3600.0) == [0]
            assert room.sweep(4) == [1]

    def test_a_task_withdrawn_before_it_moves_it_up(self, room: Room, consumed: Callable[..., Any]) -> None:
        room.send(4)
        with consumed():
            room.sweep(3, sweeps=2, between=lambda: room.tasks[1].append("REVOKED"))
        assert [event["ahead"] for event in room.story(3)[1:]] == [3, 2]

    def test_a_purge_heals(self, room: Room, consumed: Callable[..., Any]) -> None:
        """The broker lost five; what was sent later is delivered."""
        room.send(8)
        with consumed():
            room.sweep(7, sweeps=2, between=lambda: room.begin(5))
        assert [event["ahead"] for event in room.story(7)[1:]] == [7, 1]


class TestTheSweep:
    def test_drops_what_no_longer_waits(self, room: Room, consumed: Callable[..., Any]) -> None:
        room.send(3)
        begins = iter((2,))

        def between() -> None:
            for task in begins:
                room.begin(task)

        with consumed():
            assert room.sweep(2, sweeps=3, between=between) == [1, 0, 0]
        assert [event["state"] for event in room.tasks[2].events] == ["PENDING", "PENDING", "STARTED"]

    def test_looks_no_more_at_what_has_begun(self, room: Room, consumed: Callable[..., Any]) -> None:
        room.send(1)
        begins = iter((0,))

        def between() -> None:
            for task in begins:
                room.begin(task)

        with consumed():
            assert room.sweep(0, sweeps=3, between=between) == [0, 0, 0]
        assert not room.looked_at

    def test_forgets_a_task_that_is_left_during_the_look(self, room: Room, valkey: Valkey) -> None:
        room.send(1)

        async def leave_meanwhile() -> tuple[int, dict[str, Any]]:
            async with reach_of(valkey.url(DB)) as reach:
                audience = room.audience((0,))
                watch = room.watch(reach, audience)
                sweep = asyncio.create_task(watch.sweep())
                await asyncio.sleep(0)  # it waits for Redis
                audience.unfollow(room.tasks[0].task_id)
                return await sweep, watch._waiting

        assert asyncio.run(leave_meanwhile()) == (0, {})

    def test_says_nothing_of_a_task_that_begins_meanwhile(
        self, room: Room, consumed: Callable[..., Any]
    ) -> None:
        """It began after the look; the event would come behind its STARTED."""
        room.send(4)

        def between() -> None:
            room.begin(0)
            # Without its ticket, as when Redis has yet to hear of it: the sweep still takes it for waiting.
            room.tasks[3].append("STARTED", "a")
            room.tasks[3].client.hset(room.keys.tickets, "started", 2)

        with consumed():
            assert room.sweep(3, sweeps=2, between=between) == [1, 0]
        assert [event["state"] for event in room.tasks[3].events] == ["PENDING", "PENDING", "STARTED"]

    def test_tells_once_though_four_gateways_look(self, room: Room, consumed: Callable[..., Any]) -> None:
        room.send(30)
        with consumed():
            assert sum(room.sweep_at_once(4, *range(1, 30))) == 29
            room.begin(20)
            assert sum(room.sweep_at_once(4, *range(21, 30))) == 9
        assert [len(room.story(task)) for task in range(30)] == [1] + [2] * 19 + [3] * 10

    def test_of_another_gateway_knows_what_was_told(self, room: Room, consumed: Callable[..., Any]) -> None:
        room.send(5)
        with consumed():
            assert room.sweep(4) == [1]
            assert room.sweep(4) == [0]

    def test_comes_back_to_a_task_that_is_not_sent_yet(
        self, room: Room, consumed: Callable[..., Any], journal: Journal
    ) -> None:
        """A later link of a chain: it is in no queue before the one in front of it has ended."""
        room.send(2)
        journal.send(waiting=True)
        room.tasks.append(journal)
        with consumed():
            sent = iter((journal,))
            told = room.sweep(
                2, sweeps=3, between=lambda: [task.send(queue=room.keys, name=room.name) for task in sent]
            )
        assert told == [0, 1, 0]
        assert room.story(2) == [{}, {}, {"ahead": 2}]

    def test_ends_when_nobody_follows(self, room: Room, valkey: Valkey) -> None:
        room.send(2)

        async def sweep() -> int:
            async with reach_of(valkey.url(DB)) as reach:
                audience = room.audience((0, 1))
                watch = room.watch(reach, audience)
                for task in room.tasks:
                    audience.unfollow(task.task_id)
                return await watch.sweep()

        assert asyncio.run(sweep()) == 0

    @one_server("it counts the commands of one server")
    def test_costs_the_same_for_a_queue_of_five_thousand(
        self, room: Room, consumed: Callable[..., Any], valkey: Valkey
    ) -> None:
        """The same few commands, none of which goes through anything; and the place is exact."""
        used = []
        with consumed():
            for waiting in (5, 5_000):
                room.send(waiting - len(room.tasks))
                used.append(commands(valkey, lambda: room.sweep(-1)))
                assert room.story(-1)[-1]["ahead"] == waiting - 1
        assert used[0] == used[1]
        assert len(used[0]) < 20
        assert not {"SCAN", "HSCAN", "ZSCAN", "KEYS", "LRANGE", "HGETALL"} & set(used[0])


class TestNoConsumer:
    def test_is_told_and_cleared(self, room: Room, consumed: Callable[..., Any]) -> None:
        room.send(1)
        room.sweep(0)
        with consumed():
            room.sweep(0)
        assert room.story(0) == [{}, {"ahead": 0, "waiting": "no_consumer"}, {"ahead": 0}]

    def test_is_told_when_the_lease_of_the_last_one_has_run_out(
        self, room: Room, client: sync_redis.Redis
    ) -> None:
        room.send(1)
        client.zadd(room.keys.consumers, {"gone:1:00000000 4": 1})
        room.sweep(0)
        assert room.story(0)[-1] == {"ahead": 0, "waiting": "no_consumer"}

    def test_is_told_of_a_task_that_went_back_into_the_queue(self, room: Room) -> None:
        room.send(1)
        room.begin(0)
        room.tasks[0].append("PENDING", "a", ends_run=True)
        room.sweep(0)
        assert room.story(0)[-1] == {"ahead": 0, "waiting": "no_consumer"}

    def test_is_not_told_before_patience_ends(self, room: Room) -> None:
        room.send(2)
        room.sweep(1, no_consumer_after=3600.0)
        assert room.story(1) == [{}, {"ahead": 1}]

    def test_is_not_taken_back_by_a_gateway_that_has_looked_for_less_long(self, room: Room) -> None:
        room.send(1)
        room.sweep(0)
        room.sweep(0, no_consumer_after=3600.0)
        assert room.story(0) == [{}, {"ahead": 0, "waiting": "no_consumer"}]

    def test_has_no_estimate(self, room: Room) -> None:
        room.learn(5, 10.0)
        room.send(1)
        room.sweep(0)
        assert room.story(0)[-1] == {"ahead": 0, "waiting": "no_consumer"}


class TestTheEstimate:
    def test_is_absent_until_a_few_runs_are_known(self, room: Room, consumed: Callable[..., Any]) -> None:
        room.learn(2, 10.0)
        room.send(2)
        with consumed():
            room.sweep(1)
            assert room.story(1)[-1] == {"ahead": 1}
            room.learn(1, 10.0)  # it overtakes
            room.sweep(1)
        assert room.story(1)[-1] == {"ahead": 0, "estimate": {"start": 10.0, "end": 20.0, "spread": 0.0}}

    def test_is_told_as_soon_as_it_is_possible(self, room: Room, consumed: Callable[..., Any]) -> None:
        room.learn(3, 10.0)
        room.send(2)
        with consumed(slots=2):
            room.sweep(1)
        assert room.story(1)[-1] == {"ahead": 1, "estimate": {"start": 10.0, "end": 20.0, "spread": 0.0}}

    def test_of_a_name_that_never_ran_has_no_end(self, room: Room, consumed: Callable[..., Any]) -> None:
        room.learn(3, 10.0)
        room.name = str(uuid4())
        room.send(2)
        with consumed():
            room.sweep(1)
        assert room.story(1)[-1] == {"ahead": 1, "estimate": {"start": 20.0, "spread": 0.0}}
