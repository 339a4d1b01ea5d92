"""When a place is worth an event, and how many events the longest wait can make."""

from __future__ import annotations

from math import log

import pytest

from taskbeam.journal.events import EventId, Record
from taskbeam.queues.estimate import Estimate
from taskbeam.queues.place import NO_CONSUMER, STEP, Place, Told, worth_telling

INTERVAL = 2.0
SOON = Estimate(1.0, 2.0, 0.5)


@pytest.mark.parametrize(
    ("place", "told", "worth"),
    [
        # Nothing was told yet.
        (Place(0), Told(0), False),
        (Place(1), Told(0), True),
        (Place(0, NO_CONSUMER), Told(0), True),
        (Place(0, None, SOON), Told(0), True),
        # Those ahead become fewer.
        (Place(100), Told(0, 100), False),
        (Place(91), Told(0, 100), False),
        (Place(90), Told(0, 100), True),
        (Place(1), Told(0, 2), True),
        (Place(0), Told(0, 1), True),
        (Place(0), Told(0, 0), False),
        (Place(7), Told(0, 5), False),
        # A consumer comes or goes.
        (Place(5, NO_CONSUMER), Told(0, 5), True),
        (Place(5), Told(0, 5, NO_CONSUMER), True),
        (Place(5, NO_CONSUMER), Told(0, 5, NO_CONSUMER), False),
        # An estimate becomes possible; another one is no news.
        (Place(5, None, SOON), Told(0, 5), True),
        (Place(5, None, SOON), Told(0, 5, None, True), False),
        (Place(5), Told(0, 5, None, True), False),
    ],
)
def test_worth_telling(place: Place, told: Told, worth: bool) -> None:
    assert worth_telling(place, told, INTERVAL, INTERVAL) is worth


@pytest.mark.parametrize("told", [Told(100.0), Told(100.0, 9), Told(100.0, 9, NO_CONSUMER)])
def test_places_are_told_an_interval_apart_and_the_first_one_that_long_after_the_sending(told: Told) -> None:
    assert not worth_telling(Place(1), told, 100.0 + INTERVAL - 0.1, INTERVAL)
    assert worth_telling(Place(1), told, 100.0 + INTERVAL, INTERVAL)


@pytest.mark.parametrize("ahead", [10, 5_000, 1_000_000])
def test_the_longest_wait_is_told_a_bounded_number_of_times(ahead: int) -> None:
    """One by one they go, and somebody looks each time."""
    told, events = Told(0), 0
    for left in range(ahead, -1, -1):
        if worth_telling(Place(left), told, INTERVAL, INTERVAL):
            told, events = Told(0, left), events + 1
    assert events <= 1 / STEP + log(ahead) / -log(1 - STEP) + 2


class TestTheEvent:
    def test_says_what_is_known(self) -> None:
        assert Place(0).members() == {"ahead": "0"}
        assert Place(3, NO_CONSUMER).members() == {"ahead": "3", "waiting": '"no_consumer"'}
        told = '{"start":1.0,"end":2.0,"spread":0.5}'
        assert Place(3, None, SOON).members() == {"ahead": "3", "estimate": told}

    def test_is_remembered_by_what_it_said(self) -> None:
        members = "".join(
            f',"{name}":{value}' for name, value in Place(3, NO_CONSUMER, SOON).members().items()
        )
        body = f'{{"ts":17.5{members}}}'.encode()
        assert Told.by(Record(EventId(1, 2), False, body)) == Told(17.5, 3, NO_CONSUMER, True)
        assert Told.by(Record(EventId(1, 1), False, b'{"ts":17.5}')) == Told(0.001)
