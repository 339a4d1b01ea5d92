"""While Redis is away one job tries once, and is told when Redis answers again."""

from __future__ import annotations

import logging

import pytest

from taskbeam.celery.outage import UNWATCHED, Outage, Outages

AWAY = ConnectionError("away")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outage(clock: Clock) -> Outage:
    return Outage(clock)


def test_while_writes_succeed_nothing_is_closed(outage: Outage, caplog: pytest.LogCaptureFixture) -> None:
    outage.written()
    assert not outage.closed
    assert not caplog.records


def test_after_a_failure_nothing_is_tried_until_redis_answers(outage: Outage, clock: Clock) -> None:
    outage.failed(AWAY)
    for _ in range(100):
        clock.now += UNWATCHED / 2
        assert outage.closed
        outage.still_away()
    outage.answers()
    assert not outage.closed


def test_a_server_that_answers_and_takes_nothing_is_away_again(outage: Outage) -> None:
    outage.failed(AWAY)
    outage.answers()
    outage.failed(AWAY)
    assert outage.closed


def test_where_nobody_looks_a_job_tries_by_itself(outage: Outage, clock: Clock) -> None:
    """In a child that was forked meanwhile, there is no thread that looks."""
    outage.failed(AWAY)
    clock.now += UNWATCHED
    assert not outage.closed


def test_it_is_told_once_and_that_it_is_over(outage: Outage, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            outage.failed(AWAY)
            outage.lost += 1
            outage.answers()
        outage.written()
        outage.written()
    first, last = caplog.messages
    assert first.endswith("progress is lost: away")
    assert last == "The journals can be written again; 3 progress events were lost."
    assert outage.lost == 0


def test_a_server_that_is_away_costs_no_other_one_an_attempt(caplog: pytest.LogCaptureFixture) -> None:
    outages = Outages()
    outages.of("one:7000").failed(AWAY)
    assert outages.closed
    assert not outages.of("two:7000").closed
    outages.of("two:7000").written()
    assert outages.away == ["one:7000"]
    assert "at one:7000. " in caplog.text


def test_an_outage_is_over_where_another_server_has_what_the_lost_one_had(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outages = Outages()
    outages.of("one:7000").failed(AWAY)
    outages.of("one:7000").lost = 2
    outages.over("one:7000")
    outages.over("one:7000")
    assert not outages.closed
    assert caplog.messages[1:] == [
        "The journals at one:7000 can be written again; 2 progress events were lost."
    ]
