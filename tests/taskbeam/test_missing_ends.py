"""When the end of a run counts as missing, and by whom it is asked for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from redis.exceptions import TimeoutError  # noqa: A004

from taskbeam.celery import missing_ends
from taskbeam.celery.missing_ends import GRACE, MissingEnds, Overdue
from taskbeam.journal.control_keys import ONE_SERVER
from taskbeam.journal.entry import Appended, Verdict
from taskbeam.journal.events import EventId
from taskbeam.journal.keys import TaskKeys
from taskbeam.presence.presence import presence
from taskbeam.presence.row import Row

if TYPE_CHECKING:
    import pytest

    from taskbeam.journal.entry import Entry

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


class Server:
    """Where the lease is, and by its means the run that is over; ``silent``: nothing is answered."""

    def __init__(self) -> None:
        self.rows: dict[str, bytes] = {"celery-task-meta-over": OVER.encode().encode()}
        self.silent = False

    def ask(self, command: str, key: str, *words: Any) -> Any:
        assert key == ONE_SERVER.runs(presence.worker)
        if self.silent:
            raise TimeoutError("no answer within the lease's deadline")
        if command == "HSCAN":
            return [b"0", [each for name, row in self.rows.items() for each in (name.encode(), row)]]
        return int(command == "HDEL" and self.rows.pop(*words) is not None)


def test_whoever_looks_asks_by_the_means_of_the_lease_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Celery's own client waits for two minutes for a server that says nothing, and no lease is renewed."""
    told: list[Entry] = []

    def append(entry: Entry) -> Appended:
        told.append(entry)
        return Appended(Verdict.APPENDED, EventId(1, 1))

    backend: Any = SimpleNamespace(
        control=ONE_SERVER, kind_of_keys=TaskKeys, append=append, exception_meta=lambda *_: "meta"
    )
    now, server, missing = [0.0], Server(), MissingEnds(backend)
    monkeypatch.setattr(missing_ends, "time", SimpleNamespace(monotonic=lambda: now[0]))
    missing.look(server.ask)
    server.silent, now[0] = True, GRACE
    missing.look(server.ask)
    server.silent = False
    missing.look(server.ask)
    assert told == [], "it may have been told while nothing was answered"
    now[0] += GRACE
    missing.look(server.ask)
    assert [(entry.task_id, entry.state) for entry in told] == [("over", "FAILURE")]
    assert server.rows == {}
