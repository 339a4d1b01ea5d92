"""What the operators are told of a second is what was heard in it."""

from __future__ import annotations

from typing import Any

from taskbeam.gateway.dashboard.tally import MOST_JOBS, MOST_TOLD, Tally


def event(state: str, *, task_id: str = "1", ts: float = 10.0, **members: Any) -> dict[str, Any]:
    final = state in ("SUCCESS", "FAILURE")
    base = {"task_id": task_id, "type": "state", "name": "a.b", "attempt": 1, "ts": ts, "final": final}
    return base | {"state": state} | members


def test_each_transition_is_counted_under_its_name() -> None:
    tally = Tally()
    tally.heard(event("PENDING"), first=True)
    tally.heard(event("PENDING", ahead=3), first=False)  # told its place in the queue: it was sent once
    tally.heard(event("STARTED", ts=11.0), first=False)
    tally.heard(
        event("PROGRESS", type="progress", progress={"percent": 50.0, "message": "half"}), first=False
    )
    tally.heard(event("SUCCESS", ts=12.5), first=False)
    tally.heard(event("FAILURE", task_id="2", name=None), first=False)
    told = tally.tick()
    assert told["tasks"] == {
        "a.b": {"sent": 1, "started": 1, "succeeded": 1, "milliseconds": 1500},
        "?": {"failed": 1},
    }
    assert [(job["id"], job["state"]) for job in told["jobs"]] == [("1", "SUCCESS"), ("2", "FAILURE")]


def test_a_tick_tells_only_what_is_new() -> None:
    tally = Tally()
    tally.heard(event("STARTED", ts=11.0), first=True)
    tally.tick()
    assert tally.tick() == {"tasks": {}, "jobs": []}
    tally.heard(event("SUCCESS", ts=12.0), first=False)
    (job,) = tally.tick()["jobs"]
    assert (job["began"], job["ts"], job["final"]) == (11.0, 12.0, True)


def test_the_words_of_a_progress_and_of_an_error_are_told() -> None:
    tally = Tally()
    progress = {"current": 1, "percent": 50.0, "message": "half"}
    tally.heard(event("PROGRESS", type="progress", progress=progress), first=False)
    (job,) = tally.tick()["jobs"]
    assert (job["percent"], job["message"]) == (50.0, "half")
    error = {"code": "task_failed", "message": "The task failed.", "ref": "r"}
    tally.heard(event("FAILURE", error=error), first=False)
    (job,) = tally.tick()["jobs"]
    assert (job["percent"], job["message"]) == (None, "The task failed.")


def test_log_lines_and_data_are_not_looked_at() -> None:
    tally = Tally()
    tally.heard(event("STARTED", type="data", data={"planted": "secret"}), first=False)
    assert tally.tick() == {"tasks": {}, "jobs": []}


def test_neither_memory_nor_a_tick_grows_without_end() -> None:
    tally = Tally()
    for number in range(2 * MOST_JOBS):
        tally.heard(event("STARTED", task_id=str(number)), first=True)
    assert len(tally._jobs) == MOST_JOBS
    told = tally.tick()
    assert told["tasks"]["a.b"]["started"] == 2 * MOST_JOBS
    assert [job["id"] for job in told["jobs"]] == [
        str(number) for number in range(2 * MOST_JOBS - MOST_TOLD, 2 * MOST_JOBS)
    ]
