"""Pauses between tries."""

from __future__ import annotations

from taskbeam.background.backoff import Backoff


def longest(_: float, limit: float) -> float:
    return limit


def test_the_limit_doubles_up_to_the_last_one() -> None:
    backoff = Backoff(0.5, 3.0, longest)
    assert [backoff.next() for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_success_makes_the_pauses_short_again() -> None:
    backoff = Backoff(0.5, 3.0, longest)
    backoff.next()
    backoff.next()
    backoff.reset()
    assert backoff.next() == 0.5


def test_each_pause_is_any_part_of_the_limit() -> None:
    backoff = Backoff(1.0, 1.0)
    pauses = {backoff.next() for _ in range(100)}
    assert len(pauses) > 90
    assert all(0.0 <= pause <= 1.0 for pause in pauses)
