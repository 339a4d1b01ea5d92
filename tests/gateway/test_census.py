"""What a person holds at all gateways: each tells the others, and nobody has more than they may for long."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from taskbeam.gateway.limits import census
from taskbeam.gateway.limits.census import Census
from taskbeam.gateway.limits.shared_counts import SharedCounts
from taskbeam.gateway.shutdown import Shutdown
from tests.support.results import connected_to, control
from tests.support.waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from redis.asyncio import Redis

    from stack.valkey import Valkey
    from tests.support.journal import Journals

MOST = 3


class Gateway:
    """The part of one that counts."""

    def __init__(self, redis: Redis, most: int = MOST) -> None:
        self.counts = SharedCounts("connections", {"unlimited": None}.get if most == 0 else lambda _: most)
        self.others = SharedCounts("subscriptions", lambda _: most)
        self.census = Census(redis, control(), (self.counts, self.others))

    def connect(self, number: int = 1, name: str = "ada") -> list[Client]:
        return [Client(self.counts, name) for _ in range(number)]

    def full(self, name: str = "ada") -> bool:
        return not self.counts.has_room(name)


class Client:
    """Somebody who has a place."""

    def __init__(self, counts: SharedCounts, name: str) -> None:
        self._counts, self._name, self.here = counts, name, True
        counts.add(name, self)

    def leave(self) -> None:
        if self.here:
            self.here = False
            self._counts.remove(self._name, self)

    def turn_away(self) -> bool:
        was_here = self.here
        self.leave()
        return was_here


class Stubborn:
    """Somebody who has a place, and nobody yet to tell that it is over."""

    def turn_away(self) -> bool:
        return False


def there(clients: list[Client]) -> list[bool]:
    return [client.here for client in clients]


async def exchange(*gateways: Gateway) -> None:
    for gateway in gateways:
        await gateway.census.exchange()


@pytest.fixture(autouse=True)
def _long_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway that stands still for a while counts all the same."""
    monkeypatch.setattr(census, "LEASE", 3600.0)


@asynccontextmanager
async def several(url: str, number: int, most: int = MOST) -> AsyncIterator[list[Gateway]]:
    async with connected_to(url) as redis:
        await redis.delete(control().census, control().census_full)
        gateways = [Gateway(redis, most) for _ in range(number)]
        try:
            yield gateways
        finally:
            for gateway in gateways:
                await gateway.census.withdraw()


@pytest.fixture
def run(valkey: Valkey) -> Callable[..., None]:
    """Run the function with so many gateways."""

    def run(use: Callable[..., Coroutine[Any, Any, None]], number: int = 2, most: int = MOST) -> None:
        async def inside() -> None:
            async with several(valkey.url(1), number, most) as gateways:
                await use(*gateways)

        asyncio.run(inside())

    return run


def test_who_has_as_much_as_they_may_is_full_everywhere(run: Callable[..., None]) -> None:
    async def use(one: Gateway, two: Gateway, three: Gateway) -> None:
        clients = one.connect(2) + two.connect(1)
        assert not three.full()
        await exchange(one, two, three, one)
        assert [each.full() for each in (one, two, three)] == [True, True, True]
        assert not three.full("grace")
        assert not three.others.has_room("ada", MOST + 1)
        assert three.others.has_room("ada", MOST)
        clients[0].leave()
        await exchange(one, two, three)
        assert [each.full() for each in (one, two, three)] == [False, False, False]

    run(use, 3)


def test_of_those_who_came_in_the_same_second_the_newest_of_the_later_report_go(
    run: Callable[..., None],
) -> None:
    async def use(one: Gateway, two: Gateway) -> None:
        old = two.connect(1)
        await exchange(one, two)
        first, second = one.connect(2), two.connect(2)
        await exchange(one, two)
        assert (there(first), there(old), there(second)) == ([True, True], [True], [False, False])
        await exchange(two, one)
        assert (one.counts.here("ada"), two.counts.here("ada"), one.full(), two.full()) == (2, 1, True, True)

    run(use)


def test_of_those_who_came_between_reports_as_many_stay_as_may(run: Callable[..., None]) -> None:
    """What one gateway has told is what it holds when it has turned its newest away."""

    async def use(one: Gateway, two: Gateway) -> None:
        one.connect(1)
        two.connect(1)
        await exchange(one, two)
        one.connect(2)
        two.connect(2)
        await exchange(one, two, one, two)
        assert one.counts.here("ada") + two.counts.here("ada") == MOST

    run(use)


def test_who_cannot_be_turned_away_counts_on(run: Callable[..., None]) -> None:
    async def use(one: Gateway, two: Gateway) -> None:
        leaves, _ = one.connect(2)
        two.counts.add("ada", Stubborn())
        two.counts.add("ada", Stubborn())
        await exchange(one, two)
        leaves.leave()
        await exchange(one, two, one)
        assert (one.counts.here("ada"), two.counts.here("ada"), one.full()) == (1, 2, True)

    run(use)


def test_too_many_of_whom_nobody_is_new_are_reported_once(run: Callable[..., None]) -> None:
    """The others took a gateway for dead, and it came back."""

    async def use(one: Gateway, two: Gateway) -> None:
        one.connect(MOST)
        await exchange(one)
        await one.census.withdraw()
        two.connect(MOST)
        await exchange(two, one, one)
        assert (one.counts.here("ada"), two.counts.here("ada")) == (MOST, MOST)
        assert one.counts.unreported == 0

    run(use)


def test_an_exchange_ends_however_many_cannot_be_turned_away(
    run: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(census, "BATCH", 2)

    async def use(one: Gateway, two: Gateway) -> None:
        for name in ("ada", "grace", "mary"):
            one.connect(MOST, name)
            two.counts.add(name, Stubborn())
        async with asyncio.timeout(DEADLINE):
            await exchange(one, two, two)

    run(use)


def test_who_left_before_the_answer_is_not_turned_away_in_place_of_others(run: Callable[..., None]) -> None:
    async def use(one: Gateway, two: Gateway) -> None:
        one.connect(2)
        await exchange(one)
        stays, leaves = two.connect(2)
        leaves.leave()
        await exchange(two)
        assert stays.here

    run(use)


def test_what_a_gateway_that_stops_holds_counts_no_more(run: Callable[..., None]) -> None:
    async def use(one: Gateway, two: Gateway) -> None:
        shutdown = Shutdown()
        one.connect(MOST)
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            group.create_task(one.census.run(shutdown))
            while not two.full():
                await two.census.exchange()
            shutdown.begin()  # its clients are still there, and are told to go to the others
            while two.full():
                await two.census.exchange()
            newcomers = two.connect(MOST)
            await two.census.exchange()
            assert all(there(newcomers))

    run(use)


def test_a_gateway_that_died_counts_until_its_lease_is_over(
    run: Callable[..., None], monkeypatch: pytest.MonkeyPatch, journals: Journals
) -> None:
    async def use(one: Gateway, two: Gateway) -> None:
        dead = one.connect(3)
        await exchange(one, two)
        assert two.full()
        assert there(dead) == [True] * 3
        with monkeypatch.context() as short:
            short.setattr(census, "LEASE", 0.2)
            await exchange(one)
        async with asyncio.timeout(DEADLINE):
            while two.full():
                await asyncio.sleep(0.05)
                await exchange(two)
        assert journals.redis.zcard(control().census) == 1

    run(use)


def test_a_gateway_that_stops_counts_no_more(run: Callable[..., None]) -> None:
    async def use(one: Gateway, two: Gateway) -> None:
        one.connect(3)
        await exchange(one, two)
        await one.census.withdraw()
        await exchange(two)
        assert not two.full()

    run(use)


def test_redis_that_lost_its_data_is_told_everything_again(
    run: Callable[..., None], journals: Journals
) -> None:
    async def use(one: Gateway, two: Gateway) -> None:
        one.connect(3)
        await exchange(one, two)
        found = set(journals.redis.scan_iter(f"{control().prefix}{{census}}*"))
        journals.redis.delete(*found)
        await exchange(two)
        assert not two.full()
        await exchange(one, one, two)
        assert two.full()

    run(use)


def test_what_a_lost_report_had_is_told_again(
    run: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also that somebody left, which no count that is there shows."""

    async def use(one: Gateway, two: Gateway) -> None:
        gone = one.connect(3)
        await exchange(one, two)

        async def lost(**_: object) -> None:
            raise RedisConnectionError

        with monkeypatch.context() as context:
            context.setattr(one.census, "_tell", lost)
            for client in gone:
                client.leave()
            two.connect(0)
            with pytest.raises(RedisConnectionError):
                await exchange(one)
        await exchange(one, two)
        assert not two.full()
        late = one.connect(3)
        two.connect(1)
        await exchange(two, one)
        assert there(late) == [True, True, False]

    run(use)


def test_a_clock_of_redis_that_was_ahead_keeps_no_dead_gateway(
    run: Callable[..., None], journals: Journals
) -> None:
    async def use(one: Gateway, two: Gateway) -> None:
        one.connect(3)
        await exchange(one, two)
        found: Any = journals.redis.zrange(control().census, 0, -1)
        for gateway in found:
            journals.redis.zincrby(control().census, 3_600_000, gateway)
        await exchange(two)
        assert not two.full()
        await exchange(one, one, two)
        assert two.full()

    run(use)


def test_names_are_kept_as_hashes_and_for_a_few_seconds(run: Callable[..., None], journals: Journals) -> None:
    async def use(one: Gateway, _: Gateway) -> None:
        one.connect(3, "owner:名前")
        one.connect(3, "token:\ud800" + "x" * 9000)
        await exchange(one)
        found = set(journals.redis.scan_iter(f"{control().prefix}{{census}}*"))
        assert len(found) == 3
        for key in found:
            assert 0 < journals.redis.pttl(key) <= census.LEASE * 1000
        [held] = [key for key in found if key.decode().startswith(control().census_held(""))]
        fields: Any = journals.redis.hgetall(held)
        assert sorted(map(len, fields)) == [len("lease"), 32, 32]

    run(use)


def test_many_names_are_told_in_parts(run: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(census, "BATCH", 7)

    async def use(one: Gateway, two: Gateway) -> None:
        for number in range(30):
            one.connect(3, f"name-{number}")
        await exchange(one, two)
        assert all(two.full(f"name-{number}") for number in range(30))

    run(use)


def test_of_more_full_names_than_gateways_hear_of_newcomers_are_still_turned_away(
    run: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(census, "MOST_FULL", 2)

    async def use(one: Gateway, two: Gateway) -> None:
        for number in range(5):
            one.connect(3, f"name-{number}")
        await exchange(one, two)
        assert sum(two.full(f"name-{number}") for number in range(5)) == 2
        late = [two.connect(1, f"name-{number}")[0] for number in range(5)]
        await exchange(two)
        assert there(late) == [False] * 5

    run(use)


def test_a_name_without_a_limit_is_not_told(run: Callable[..., None], journals: Journals) -> None:
    async def use(one: Gateway, two: Gateway) -> None:
        one.connect(500, "unlimited")
        await exchange(one, two)
        assert not two.full("unlimited")
        held = set(journals.redis.scan_iter(control().census_held("*")))
        assert {journals.redis.hlen(key) for key in held} == {1}

    run(use, 2, 0)
