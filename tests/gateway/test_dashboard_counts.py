"""What the dashboard counts is what the journals say, job by job: in the ticks, and in the list.

`python -m benchmarks.dashboard_hour` does the same with 10,000 jobs, and with the page.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx

from benchmarks.played_jobs import plan, play, states
from stack.valkey import Valkey
from taskbeam.gateway.dashboard.rows import Kind, kind_of
from tests.support.gateway import gateway
from tests.support.journal import Journals
from tests.support.results import emptied
from tests.support.waiting import wait_until

from .ticks import counted, ticks

if TYPE_CHECKING:
    from tests.support.journal import Task

#: What ticks call the states of jobs.
TOLD = {"SUCCESS": "succeeded", "FAILURE": "failed", "REVOKED": "cancelled", "LOST": "lost"}

JOBS = 400


def test_every_job_is_counted_once_whatever_becomes_of_it() -> None:
    tasks: dict[int, Task] = {}
    with (
        Valkey() as server,
        emptied(server.url(1)),
        Journals(server.url(1)) as journals,
        gateway(server.url().removesuffix("/0"), dashboard=1) as served,
    ):

        def get(path: str) -> dict[str, Any]:
            found: dict[str, Any] = httpx.get(f"{served.http}{path}", timeout=60).json()
            return found

        wait_until(lambda: bool(ticks(served)))
        play(journals, plan(JOBS, 0), tasks, at_once=True)
        found = states(journals, tasks.values())
        assert found.total() == JOBS
        assert len(found) == len(TOLD)
        expected = {TOLD[state]: count for state, count in found.items()} | {"sent": JOBS, "started": JOBS}
        wait_until(lambda: counted(served) == expected)
        kinds = Counter({kind_of({"state": state}): count for state, count in found.items()})
        wait_until(lambda: get("/dashboard/tasks")["counts"] == {kind: kinds[kind] for kind in Kind})
        assert ticks(served)[-1]["standing"] == {}
