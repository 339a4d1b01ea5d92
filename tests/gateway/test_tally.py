"""What the operators are told of a second is what was heard in it."""

from __future__ import annotations

from typing import Any

from taskbeam.gateway.dashboard.tally import MOST_JOBS, MOST_TOLD, MOST_WAITING, MOST_WORDS, Tally


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


def test_what_one_tick_cannot_tell_the_next_ones_do() -> None:
    """300 jobs begin, and end at once."""
    tally = Tally()
    told: dict[str, str] = {}
    for number in range(300):
        tally.heard(event("STARTED", task_id=str(number)), first=True)
    for _ in range(300 // MOST_TOLD):
        told |= {job["id"]: job["state"] for job in tally.tick()["jobs"]}
    for number in range(300):
        tally.heard(event("SUCCESS", task_id=str(number)), first=False)
    sizes = []
    for _ in range(300 // MOST_TOLD):
        jobs = tally.tick()["jobs"]
        sizes.append(len(jobs))
        told |= {job["id"]: job["state"] for job in jobs}
    assert sizes == [MOST_TOLD] * 3
    assert told == {str(number): "SUCCESS" for number in range(300)}
    assert tally.tick() == {"tasks": {}, "jobs": []}


def test_a_job_that_waits_is_told_once_and_as_it_is_then() -> None:
    tally = Tally()
    for number in range(MOST_TOLD + 1):
        tally.heard(event("STARTED", task_id=str(number)), first=True)
    tally.tick()
    last = str(MOST_TOLD)
    tally.heard(event("SUCCESS", task_id=last), first=False)
    assert [(job["id"], job["state"]) for job in tally.tick()["jobs"]] == [(last, "SUCCESS")]


def test_ends_of_jobs_that_were_told_as_open_come_first() -> None:
    tally = Tally()
    tally.heard(event("STARTED", task_id="shown"), first=True)
    tally.tick()
    for number in range(3 * MOST_TOLD):
        tally.heard(event("STARTED", task_id=str(number)), first=True)
    tally.heard(event("SUCCESS", task_id="shown"), first=False)
    assert tally.tick()["jobs"][0]["id"] == "shown"


def test_where_more_come_and_go_than_can_be_told_nobody_stays_open_and_the_others_are_counted() -> None:
    """Five times as many as a tick can tell, for a minute; each begins in one second and ends in the next."""
    tally, omitted, sent = Tally(), 0, 0
    told: dict[str, bool] = {}
    running: list[str] = []
    for _ in range(60):
        for task_id in running:
            tally.heard(event("SUCCESS", task_id=task_id), first=False)
        running = [str(sent + number) for number in range(5 * MOST_TOLD)]
        sent += len(running)
        for task_id in running:
            tally.heard(event("STARTED", task_id=task_id), first=True)
        tick = tally.tick()
        told |= {job["id"]: job["final"] for job in tick["jobs"]}
        omitted += tick.get("omitted", 0)
        assert len(tick["jobs"]) == MOST_TOLD
        assert len(tally._waiting) <= MOST_WAITING + len(running)
    for task_id in running:
        tally.heard(event("SUCCESS", task_id=task_id), first=False)
    while (tick := tally.tick())["jobs"]:
        told |= {job["id"]: job["final"] for job in tick["jobs"]}
        omitted += tick.get("omitted", 0)
    assert all(told.values())
    assert len(told) + omitted == sent


def test_a_long_message_is_cut() -> None:
    tally = Tally()
    progress = {"current": 1, "message": "x" * 5000}
    tally.heard(event("PROGRESS", type="progress", progress=progress), first=True)
    assert len(tally.tick()["jobs"][0]["message"]) == MOST_WORDS


def test_neither_memory_nor_a_tick_grows_without_end() -> None:
    tally = Tally()
    for number in range(2 * MOST_JOBS):
        tally.heard(event("STARTED", task_id=str(number)), first=True)
    assert len(tally._jobs) == len(tally._waiting) == MOST_JOBS
    told = tally.tick()
    assert told["tasks"]["a.b"]["started"] == 2 * MOST_JOBS
    assert [job["id"] for job in told["jobs"]] == [
        str(number) for number in range(MOST_JOBS, MOST_JOBS + MOST_TOLD)
    ]
