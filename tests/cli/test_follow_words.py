"""What a terminal shows of a job: what its events add up to, in words, without I/O."""

from __future__ import annotations

from typing import Any

import pytest

from taskbeam.cli.follow import words
from taskbeam.cli.follow.exit_codes import exit_code, worst
from taskbeam.cli.follow.job import Job, after
from taskbeam.contract.errors import Refused
from taskbeam.contract.events import Step, task_event


def event(kind: str = "state", **more: Any) -> Any:
    return task_event(
        {"id": "1000-1", "task_id": "0b87c1d2-aaaa", "type": kind, "state": "STARTED", "ts": 100.0} | more
    )


def job(*events: Any) -> Job:
    found = Job("0b87c1d2-aaaa")
    for each in events:
        found = after(found, each)
    return found


PROGRESS = event(
    "progress",
    state="PROGRESS",
    name="reports.generate",
    progress={"current": 3, "total": 5, "percent": 60.0, "message": "Rendering charts"},
    estimate={"end": 95.0},
    steps=[
        {"name": "Load", "state": "done", "began": 90.0},
        {"name": "Render", "state": "running", "percent": 40.0, "began": 95.0},
    ],
)


def test_a_running_job() -> None:
    found = job(event(), PROGRESS)
    assert (found.title, found.percent) == ("reports.generate 0b87c1d2…", 60.0)
    assert words.situation(found, now=105.0) == "Rendering charts · about 1 min 30 s left"
    assert [words.step(each) for each in found.steps] == ["✓ Load", "▸ Render 40%"]


def test_a_new_attempt_begins_without_progress_and_steps() -> None:
    found = job(PROGRESS, event(attempt=2))
    assert (found.percent, found.steps, words.situation(found, 100.0)) == (None, (), "attempt 2")


def test_a_log_line_changes_only_the_state() -> None:
    found = job(PROGRESS, event("log", state="PROGRESS", data="half way"))
    assert found == job(PROGRESS)


def test_text_so_far_changes_nothing() -> None:
    so_far = task_event(
        {"task_id": "a", "type": "output", "attempt": 1, "output": {"offset": 0, "text": "x"}}
    )
    assert after(job(PROGRESS), so_far) == job(PROGRESS)


def test_a_gap_brings_the_newest() -> None:
    gap = {
        "id": "1000-9",
        "type": "gap",
        "gap": {"after": "1000-0", "reason": "trimmed"},
        "snapshot": PROGRESS.raw,
    }
    assert job(task_event(gap)).percent == 60.0


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"state": "PENDING", "ahead": 4, "estimate": {"start": 12.0}}, "4 ahead · about 12 s left"),
        ({"state": "PENDING", "waiting": "no_consumer"}, "no worker consumes its queue"),
        ({"state": "PENDING", "waiting": "something_new"}, "something_new"),
        (
            {
                "state": "RETRY",
                "error": {"code": "timeout", "message": "No answer"},
                "retry": {"at": 103.0, "delay": 3, "max": 5},
            },
            "timeout: No answer · next attempt in 3 s",
        ),
        (
            {
                "state": "FAILURE",
                "final": True,
                "error": {"code": "no_paper", "message": "No paper", "ref": "1a2b"},
            },
            "no_paper: No paper [ref 1a2b]",
        ),
    ],
)
def test_situations(members: dict[str, Any], said: str) -> None:
    assert words.situation(job(event(**members)), now=100.0) == said


@pytest.mark.parametrize(
    ("result", "shown"),
    [(None, None), ("a\nb", "a\nb"), ({"total": 3}, '{"total": 3}'), ("x" * 3000, "x" * 2000 + "…")],
)
def test_results(result: object, shown: str | None) -> None:
    assert words.result(job(event(state="SUCCESS", final=True, result=result))) == shown


def test_what_a_job_says_does_not_command_the_terminal() -> None:
    hostile = "\x1b[2Jcleared\x07\x9b31m\rfaked\nline"
    assert words.shown(hostile) == "�[2Jcleared��31m�faked\nline"
    assert "\x1b" not in words.one_line(hostile)
    assert "\x1b" not in words.standing(job(event(state=hostile)), now=100.0)
    assert "\x1b" not in words.reason(Refused("no", hostile))
    assert words.step(Step(name=hostile, state="failed", began=1.0)) == "✗ �[2Jcleared��31m�faked line"


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "0 s"), (59, "59 s"), (61, "1 min 01 s"), (3725, "1 h 02 min")]
)
def test_durations(seconds: float, said: str) -> None:
    assert words.duration(seconds) == said


def test_counts_of_a_feed() -> None:
    rollup = {"total": 3, "open": 1, "waiting": 0, "done": {"SUCCESS": 1, "FAILURE": 1}}
    assert words.counts(rollup) == "3 tasks: 1 open, 1 SUCCESS, 1 FAILURE"
    assert words.counts(rollup | {"size": 4, "done": {}}) == "3 of 4 tasks: 1 open"


def test_exit_codes() -> None:
    ends = ["SUCCESS", "IGNORED", "FAILURE", "REVOKED", "REJECTED", "LOST", "SOMETHING"]
    assert [exit_code(state, None) for state in ends] == [0, 0, 1, 3, 4, 5, 1]
    assert exit_code("REVOKED", "expired") == 6
    assert (worst([0, 3, 1]), worst([])) == (3, 0)
