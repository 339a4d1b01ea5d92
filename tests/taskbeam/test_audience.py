"""Who wants to know of a task, and until when."""

from __future__ import annotations

from taskbeam.journal.keys import task_keys
from taskbeam.queues.audience import INTEREST, Audience

KEYS = task_keys("7")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_who_follows_wants_it_until_they_leave() -> None:
    audience = Audience()
    audience.follow("7", KEYS)
    assert (audience.wants("7"), audience.new) == (True, {"7": KEYS})
    audience.unfollow("7")
    audience.leave()
    assert (audience.wants("7"), audience.new) == (False, {})


def test_who_asked_wants_it_for_a_while() -> None:
    clock = Clock()
    audience = Audience(clock)
    audience.ask("7", KEYS)
    for passed, wanted in ((0.0, True), (INTEREST - 1, True), (INTEREST, False)):
        clock.now = 100.0 + passed
        audience.leave()
        assert (audience.wants("7"), bool(audience.new)) == (wanted, wanted)


def test_who_asks_again_stays() -> None:
    clock = Clock()
    audience = Audience(clock)
    audience.ask("7", KEYS)
    clock.now += INTEREST - 1
    audience.ask("7", KEYS)
    clock.now += INTEREST - 1
    audience.leave()
    assert audience.wants("7")


def test_one_who_leaves_takes_nothing_from_another() -> None:
    audience = Audience()
    audience.ask("7", KEYS)
    audience.follow("7", KEYS)
    audience.unfollow("7")
    audience.leave()
    assert audience.wants("7")
