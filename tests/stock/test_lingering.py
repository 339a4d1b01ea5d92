"""For how long a task is heard that nobody follows."""

from __future__ import annotations

from taskbeam.stock.lingering import LINGER, MAX_LINGERING, Lingering


def test_a_task_goes_when_its_time_is_over_unless_somebody_asked_again() -> None:
    lingering = Lingering()
    lingering.keep("one", 0.0)
    lingering.keep("other", 0.0)
    lingering.keep("one", 10.0)
    assert lingering.take_over(LINGER) == ["other"]
    assert lingering.take_over(LINGER + 10) == ["one"]
    assert len(lingering) == 0


def test_what_is_followed_does_not_go() -> None:
    lingering = Lingering()
    lingering.keep("one", 0.0)
    lingering.leave("one")
    assert lingering.take_over(10 * LINGER) == []


def test_those_that_are_too_many_go() -> None:
    lingering = Lingering()
    for number in range(MAX_LINGERING + 2):
        lingering.keep(str(number), 0.0)
    assert lingering.take_over(1.0) == ["0", "1"]
