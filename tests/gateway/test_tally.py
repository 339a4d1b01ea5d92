"""What the operators are told of a second is what was heard in it."""

from __future__ import annotations

from math import log
from typing import Any

import pytest

from taskbeam.gateway.dashboard.durations import GROWTH, MOST, SHORTEST, Durations
from taskbeam.gateway.dashboard.tally import MOST_JOBS, Tally


def event(state: str, *, task_id: str = "1", ts: float = 10.0, **members: Any) -> dict[str, Any]:
    final = state in ("SUCCESS", "FAILURE")
    base = {"task_id": task_id, "type": "state", "name": "a.b", "attempt": 1, "ts": ts, "final": final}
    return base | {"state": state} | members


def bucket(seconds: float) -> float:
    return log(seconds / SHORTEST) / log(GROWTH)


def test_each_transition_is_counted_under_its_name() -> None:
    tally = Tally()
    tally.heard(event("PENDING"), first=True)
    tally.heard(event("PENDING", ahead=3), first=False)  # told its place in the queue: it was sent once
    tally.heard(event("STARTED", ts=11.0), first=False)
    tally.heard(event("PROGRESS", type="progress"), first=False)
    tally.heard(event("SUCCESS", ts=12.5), first=False)
    tally.heard(event("FAILURE", task_id="2", name=None), first=False)
    told = tally.tick()
    assert told["tasks"] == {"a.b": {"sent": 1, "started": 1, "succeeded": 1}, "?": {"failed": 1}}


def test_a_tick_tells_only_what_is_new() -> None:
    tally = Tally()
    tally.heard(event("STARTED"), first=True)
    tally.tick()
    assert tally.tick() == {"tasks": {}, "waited": {}, "ran": {}}


def test_waiting_ends_with_the_first_run_and_each_run_is_measured_from_its_own_beginning() -> None:
    tally = Tally()
    tally.heard(event("PENDING", ts=10.0), first=True)
    tally.heard(event("STARTED", ts=23.8), first=False)
    tally.heard(event("RETRY", ts=24.0), first=False)
    tally.heard(event("STARTED", ts=30.0), first=False)
    tally.heard(event("FAILURE", ts=30.034), first=False)
    told = tally.tick()
    ((waited, waits),) = told["waited"]["a.b"].items()
    ((ran, runs),) = told["ran"]["a.b"].items()
    assert (waits, runs) == (1, 1)
    assert 0 <= waited - bucket(13.8) < 1
    assert 0 <= ran - bucket(0.034) < 1


def test_a_run_whose_beginning_was_not_heard_is_not_measured() -> None:
    tally = Tally()
    tally.heard(event("SUCCESS"), first=False)
    assert tally.tick()["ran"] == {}


@pytest.mark.parametrize("seconds", [-5.0, 0.0, 0.001])
def test_the_shortest_are_one_bucket(seconds: float) -> None:
    durations = Durations()
    durations.add(seconds)
    assert durations == {0: 1}


def test_there_are_no_more_buckets_than_that() -> None:
    durations = Durations()
    durations.add(1e12)
    assert durations == {MOST: 1}


def test_log_lines_and_data_are_not_looked_at() -> None:
    tally = Tally()
    tally.heard(event("STARTED", type="data", data={"planted": "secret"}), first=False)
    assert tally.tick()["tasks"] == {}


def test_memory_does_not_grow_without_end() -> None:
    tally = Tally()
    for number in range(MOST_JOBS + 100):
        tally.heard(event("STARTED", task_id=str(number)), first=True)
    assert len(tally._jobs) == MOST_JOBS
    assert tally.tick()["tasks"]["a.b"]["started"] == MOST_JOBS + 100
