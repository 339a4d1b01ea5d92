"""What a worker writes: as much as anyone can look at, in order, and all there when the task ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbeam.celery.coalesce import BURST
from taskbeam.celery.options import DEFAULT_INTERVAL

if TYPE_CHECKING:
    from .stage import Event, Stage

CALLS = 1_000_000

#: Within the journal's limit, so that none is trimmed.
UPDATES = 800


def reported(events: list[Event]) -> list[int]:
    return [event["progress"]["current"] for event in events if event["type"] == "progress"]


def test_a_million_calls_of_progress(stage: Stage) -> None:
    """An ordered subset with the first and the last, at the rate that was agreed."""
    events = stage.ended(stage.send("steps", CALLS))
    seen = reported(events)
    assert seen == sorted(set(seen))
    assert (seen[0], seen[-1]) == (1, CALLS)
    seconds = events[-1]["ts"] - events[0]["ts"]
    # The burst, then one in each interval, whoever sends it, and the last at the end.
    assert len(seen) <= BURST + seconds / DEFAULT_INTERVAL + 2


def test_posted_updates_are_all_there_when_the_task_ends(stage: Stage) -> None:
    task_id = stage.held("updates", UPDATES)
    stage.open(task_id)
    assert reported(stage.ended(task_id)) == list(range(1, UPDATES + 1))


def test_a_server_that_forgets_the_script_loses_nothing(stage: Stage) -> None:
    """``SCRIPT FLUSH`` again and again between updates whose answers are still to come."""
    task_id = stage.held("updates", UPDATES)
    forgotten = 0
    stage.open(task_id)
    while not stage.is_over(task_id):
        stage.redis.script_flush()
        forgotten += 1
    assert forgotten > 1
    assert reported(stage.ended(task_id)) == list(range(1, UPDATES + 1))
