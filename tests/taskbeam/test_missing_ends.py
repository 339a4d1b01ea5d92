"""When the end of a run counts as missing."""

from __future__ import annotations

from taskbeam.celery.missing_ends import GRACE, Overdue
from taskbeam.presence.row import Row

OVER, RUNS = Row("a", False, "over"), Row("b", False, "runs")


def goes_on(task_id: str) -> bool:
    return task_id == "runs"


def test_a_run_has_been_over_for_a_while_before_its_end_is_missing() -> None:
    overdue = Overdue()
    found = [overdue.look([OVER, RUNS], goes_on, now) for now in (0, 1, GRACE - 1, GRACE)]
    assert found == [[], [], [], [OVER]]


def test_another_run_of_the_same_task_begins_anew() -> None:
    overdue = Overdue()
    overdue.look([OVER], goes_on, 0)
    assert overdue.look([Row("c", False, "over")], goes_on, GRACE) == []


def test_one_that_was_told_meanwhile_is_forgotten() -> None:
    overdue = Overdue()
    for now, rows in enumerate(([OVER], [], [OVER])):
        assert overdue.look(rows, goes_on, now * GRACE) == []


def test_time_in_which_redis_takes_no_writes_does_not_count() -> None:
    overdue = Overdue()
    for now in range(10):
        assert overdue.look([OVER], goes_on, now * GRACE) == []
        overdue.forget()
