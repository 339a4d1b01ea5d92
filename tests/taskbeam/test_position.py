"""When a place is worth an event, and how many events the longest wait can make."""

from __future__ import annotations

from math import log

import pytest

from taskbeam.journal.events import EventId, Record
from taskbeam.queues.estimate import Estimate
from taskbeam.queues.position import NO_CONSUMER, STEP, LastReport, QueuePosition, is_news

INTERVAL = 2.0
SOON = Estimate(1.0, 2.0, 0.5)


@pytest.mark.parametrize(
    ("place", "told", "worth"),
    [
        # Nothing was told yet.
        (QueuePosition(0), LastReport(0), False),
        (QueuePosition(1), LastReport(0), True),
        (QueuePosition(0, NO_CONSUMER), LastReport(0), True),
        (QueuePosition(0, None, SOON), LastReport(0), True),
        # Those ahead become fewer.
        (QueuePosition(100), LastReport(0, 100), False),
        (QueuePosition(91), LastReport(0, 100), False),
        (QueuePosition(90), LastReport(0, 100), True),
        (QueuePosition(1), LastReport(0, 2), True),
        (QueuePosition(0), LastReport(0, 1), True),
        (QueuePosition(0), LastReport(0, 0), False),
        (QueuePosition(7), LastReport(0, 5), False),
        # A consumer comes or goes.
        (QueuePosition(5, NO_CONSUMER), LastReport(0, 5), True),
        (QueuePosition(5), LastReport(0, 5, NO_CONSUMER), True),
        (QueuePosition(5, NO_CONSUMER), LastReport(0, 5, NO_CONSUMER), False),
        # An estimate becomes possible; another one is no news.
        (QueuePosition(5, None, SOON), LastReport(0, 5), True),
        (QueuePosition(5, None, SOON), LastReport(0, 5, None, True), False),
        (QueuePosition(5), LastReport(0, 5, None, True), False),
    ],
)
def test_worth_telling(place: QueuePosition, told: LastReport, worth: bool) -> None:
    assert is_news(place, told, INTERVAL, INTERVAL) is worth


@pytest.mark.parametrize("told", [LastReport(100.0), LastReport(100.0, 9), LastReport(100.0, 9, NO_CONSUMER)])
def test_places_are_told_an_interval_apart_and_the_first_one_that_long_after_the_sending(
    told: LastReport,
) -> None:
    assert not is_news(QueuePosition(1), told, 100.0 + INTERVAL - 0.1, INTERVAL)
    assert is_news(QueuePosition(1), told, 100.0 + INTERVAL, INTERVAL)


@pytest.mark.parametrize("ahead", [10, 5_000, 1_000_000])
def test_the_longest_wait_is_told_a_bounded_number_of_times(ahead: int) -> None:
    """One by one they go, and somebody looks each time."""
    told, events = LastReport(0), 0
    for left in range(ahead, -1, -1):
        if is_news(QueuePosition(left), told, INTERVAL, INTERVAL):
            told, events = LastReport(0, left), events + 1
    assert events <= 1 / STEP + log(ahead) / -log(1 - STEP) + 2


class TestTheEvent:
    def test_says_what_is_known(self) -> None:
        assert QueuePosition(0).members() == {"ahead": "0"}
        assert QueuePosition(3, NO_CONSUMER).members() == {"ahead": "3", "waiting": '"no_consumer"'}
        told = '{"start":1.0,"end":2.0,"spread":0.5}'
        assert QueuePosition(3, None, SOON).members() == {"ahead": "3", "estimate": told}

    def test_is_remembered_by_what_it_said(self) -> None:
        members = "".join(
            f',"{name}":{value}' for name, value in QueuePosition(3, NO_CONSUMER, SOON).members().items()
        )
        body = f'{{"ts":17.5{members}}}'.encode()
        assert LastReport.by(Record(EventId(1, 2), False, body)) == LastReport(17.5, 3, NO_CONSUMER, True)
        assert LastReport.by(Record(EventId(1, 1), False, b'{"ts":17.5}')) == LastReport(0.001)
