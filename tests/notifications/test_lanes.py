"""A slow host holds up no other, and each is served in order."""

from __future__ import annotations

import random

import pytest

from taskbeam.notifications.lanes import FIRST_REST, LAST_REST, SLOW, SLOW_PAUSE, Back, Lanes, Pace


def offered(lanes: Lanes[int], host: str, items: range, now: float = 0.0) -> list[float]:
    """Seconds after which each that is not taken comes back."""
    back = [lanes.offer(host, item, now) for item in items]
    return [each.seconds for each in back if each]


def test_a_new_host_is_asked_carefully_and_a_quick_one_is_not() -> None:
    lanes: Lanes[int] = Lanes(64)
    assert offered(lanes, "a", range(100)) == []
    begun = lanes.begin(0.0)
    assert begun == [("a", item) for item in range(Pace.NEW.value)]
    assert lanes.ended("a", 0.0, 0.1, answered=True) == []
    more = lanes.begin(0.1)
    assert [item for _, item in more] == list(range(4, 4 + Pace.QUICK.value - 3))
    assert lanes.under_way == Pace.QUICK.value


def test_hosts_take_turns() -> None:
    lanes: Lanes[int] = Lanes(4)
    offered(lanes, "a", range(10))
    offered(lanes, "b", range(2))
    assert lanes.begin(0.0) == [("a", 0), ("b", 0), ("a", 1), ("b", 1)]


def test_who_waits_for_a_host_that_does_not_answer_goes_back_and_others_are_served() -> None:
    lanes: Lanes[int] = Lanes(8)
    offered(lanes, "dead", range(10))
    assert len(lanes.begin(0.0)) == Pace.NEW.value
    assert lanes.look(SLOW) == []
    back = lanes.look(SLOW + 0.1)
    assert [(each.item, each.seconds) for each in back] == [(item, SLOW_PAUSE) for item in range(8, 10)]
    assert offered(lanes, "dead", range(3), SLOW + 0.1) == [SLOW_PAUSE] * 3
    assert lanes.waiting == 0
    assert offered(lanes, "well", range(2), SLOW + 0.1) == []
    assert lanes.begin(SLOW + 0.1) == [("well", 0), ("well", 1)]


def test_a_host_that_fails_rests_for_twice_as_long_each_time() -> None:
    lanes: Lanes[int] = Lanes(8)
    now, rests = 0.0, []
    for _ in range(12):
        assert offered(lanes, "a", range(2), now) == []
        lanes.begin(now)
        lanes.ended("a", now, now, answered=True)
        lanes.ended("a", now, now, answered=False)
        [rest] = offered(lanes, "a", range(1), now)
        rests.append(rest)
        now += rest
    # An answer in between would have begun the row anew: here one of two fails each time.
    assert set(rests) == {FIRST_REST}
    rests.clear()
    for _ in range(12):
        offered(lanes, "b", range(1), now)
        lanes.begin(now)
        lanes.ended("b", now, now, answered=False)
        [rest] = offered(lanes, "b", range(1), now)
        rests.append(rest)
        now += rest
    assert [round(rest) for rest in rests] == [min(2**n, LAST_REST) for n in range(12)]


def test_a_host_that_asks_for_rest_has_it() -> None:
    lanes: Lanes[int] = Lanes(8)
    offered(lanes, "a", range(1))
    lanes.begin(0.0)
    lanes.ended("a", 0.0, 0.0, answered=False, rest=30.0)
    assert offered(lanes, "a", range(1), 10.0) == [20.0]
    assert offered(lanes, "a", range(1), 30.0) == []


class Walk:
    """What happens to lanes, at random, and what is known of it."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.lanes: Lanes[int] = Lanes(16)
        self.now = 0.0
        self.offered = 0
        self.under_way: list[tuple[str, int, float]] = []
        #: Those that are in the lanes, and those that were begun, by their hosts.
        self.held: set[int] = set()
        self.begun: dict[str, list[int]] = {}

    def step(self) -> None:
        self.now += self.chance.choice((0.0, 0.1, 2.0))
        self.chance.choices((self.offer, self.begin, self.end, self.look), (10, 6, 3, 1))[0]()
        assert self.lanes.under_way == len(self.under_way) <= 16

    def offer(self) -> None:
        if self.lanes.offer(self.chance.choice("abc"), self.offered, self.now) is None:
            self.held.add(self.offered)
        self.offered += 1

    def begin(self) -> None:
        for host, item in self.lanes.begin(self.now):
            self.under_way.append((host, item, self.now))
            self.begun.setdefault(host, []).append(item)

    def end(self, *, answered: bool | None = None) -> None:
        if not self.under_way:
            return
        host, item, began = self.under_way.pop(self.chance.randrange(len(self.under_way)))
        well = self.chance.random() < 0.7 if answered is None else answered
        self.held.remove(item)
        self.go_back(self.lanes.ended(host, began, self.now, answered=well))

    def look(self) -> None:
        self.go_back(self.lanes.look(self.now))

    def go_back(self, back: list[Back[int]]) -> None:
        self.held -= {each.item for each in back}


@pytest.mark.parametrize("seed", range(5))
def test_whatever_happens_nothing_is_lost_and_the_bounds_hold(seed: int) -> None:
    for number in range(40):
        walk = Walk(40 * seed + number)
        for _ in range(300):
            walk.step()
        walk.begin()
        while walk.under_way:  # in the end each host answers
            walk.end(answered=True)
            walk.begin()
        assert walk.held == set()
        assert all(items == sorted(items) for items in walk.begun.values())
