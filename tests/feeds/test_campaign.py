"""A short campaign: each strike twice. The long one is ``python -m tests.feeds.campaign``."""

from __future__ import annotations

from tests.support.redis_cluster import one_server

from .account import Said, differences, transitions
from .campaign import strike_at
from .saboteur import Strike


@one_server("it strikes at what is on its way to one server; see tests/cluster/campaign.py")
def test_no_transition_is_missing_or_twice_whenever_its_writer_dies() -> None:
    outcome = strike_at(2 * len(Strike), seed=15)
    assert not outcome.wrong
    assert outcome.killed == sum(trial.strike.kills for trial in outcome.trials) > len(Strike)


SENT, BEGUN, ENDED = (Said("a", state) for state in ("PENDING", "STARTED", "SUCCESS"))


def test_a_transition_is_another_state_than_before() -> None:
    other = Said("b", "PENDING")
    assert transitions([SENT, other, SENT, BEGUN, BEGUN, ENDED, BEGUN]) == [SENT, other, BEGUN, ENDED, BEGUN]


def test_the_account_finds_what_is_missing_twice_misplaced_and_misnumbered() -> None:
    due = [SENT, BEGUN, ENDED]
    assert differences(due, due, [1, 2, 3]) == []
    assert differences([SENT, ENDED], due, [1, 2]) == ["missing: a STARTED"]
    assert differences([SENT, SENT, BEGUN, ENDED], due, [1, 2, 3, 4])[0] == "twice: a PENDING"
    assert differences([BEGUN, SENT, ENDED], due, [1, 2, 3]) == ["they are in another order"]
    assert differences(due, due, [1, 2, 4]) == ["its numbers are [1, 2, 4]"]
