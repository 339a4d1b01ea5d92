"""When a process is started again, and when that is given up."""

from __future__ import annotations

import signal

import pytest

from taskbeam.cli.restarts import (
    ATTEMPTS,
    MISCONFIGURED,
    PAUSES,
    STEADY,
    GiveUp,
    Restart,
    Restarts,
    described,
)

KILLED = -signal.SIGKILL


def test_the_first_is_started_alone_and_the_others_when_it_is_ready() -> None:
    restarts = Restarts(3)
    assert list(restarts.ready(0, 1.0)) == [1, 2]
    assert list(restarts.ready(1, 2.0)) == []


def test_one_alone_has_no_others() -> None:
    assert list(Restarts(1).ready(0, 1.0)) == []


class TestOneThatWasReady:
    @pytest.mark.parametrize("code", [KILLED, 0, 1, 3, MISCONFIGURED])
    def test_is_replaced_at_once_whatever_ended_it(self, code: int) -> None:
        restarts = Restarts(2)
        restarts.ready(0, 0.0)
        assert restarts.ended(0, code, 5.0) == Restart(0.0)

    def test_and_later_each_time_it_lives_shortly(self) -> None:
        restarts, pauses = Restarts(2), []
        for round_ in range(len(PAUSES) + 2):
            restarts.ready(0, round_ * 100.0)
            decision = restarts.ended(0, KILLED, round_ * 100.0 + STEADY - 1)
            assert isinstance(decision, Restart)
            pauses.append(decision.pause)
        assert pauses == [*PAUSES, PAUSES[-1], PAUSES[-1]]

    def test_and_at_once_after_a_long_life(self) -> None:
        restarts = Restarts(2)
        for at in (0.0, 10.0, 20.0):
            restarts.ready(0, at)
            restarts.ended(0, KILLED, at + 1)
        restarts.ready(0, 100.0)
        assert restarts.ended(0, KILLED, 100.0 + STEADY) == Restart(0.0)

    def test_without_regard_to_the_others(self) -> None:
        restarts = Restarts(2)
        restarts.ready(0, 0.0)
        restarts.ready(1, 0.0)
        assert restarts.ended(0, KILLED, 1.0) == Restart(0.0)
        assert restarts.ended(1, KILLED, 1.0) == Restart(0.0)


class TestOneThatNeverWasReady:
    def test_is_tried_again_after_a_pause(self) -> None:
        assert Restarts(2).ended(0, KILLED, 0.0) == Restart(PAUSES[1])

    def test_until_it_is_enough_if_none_ever_was(self) -> None:
        restarts = Restarts(2)
        decisions = [restarts.ended(0, 1, float(round_)) for round_ in range(ATTEMPTS)]
        assert decisions[:-1] == [Restart(PAUSES[round_ + 1]) for round_ in range(ATTEMPTS - 1)]
        assert isinstance(decisions[-1], GiveUp)

    def test_without_an_end_if_one_was(self) -> None:
        """The others serve meanwhile."""
        restarts = Restarts(2)
        restarts.ready(0, 0.0)
        decisions = [restarts.ended(1, 1, float(round_)) for round_ in range(20)]
        assert decisions[-1] == Restart(PAUSES[-1])
        assert restarts.ended(1, MISCONFIGURED, 21.0) == Restart(PAUSES[-1])

    def test_and_not_at_all_if_it_says_that_it_is_configured_wrongly(self) -> None:
        assert isinstance(Restarts(2).ended(0, MISCONFIGURED, 0.0), GiveUp)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "ended with exit code 0"),
        (3, "ended with exit code 3"),
        (KILLED, "was ended by SIGKILL"),
        (-200, "was ended by signal 200"),
    ],
)
def test_in_words(code: int, words: str) -> None:
    assert described(code) == words
