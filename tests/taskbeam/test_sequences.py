"""What a client sees of real jobs on real workers of each pool."""

from __future__ import annotations

import ast
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from celery import chain, chord, group

from taskbeam.celery import signals
from tests.support import jobs as stock_jobs

from .apps import backend_of, journal_of, keys_of
from .waiting import ended, told, until

if TYPE_CHECKING:
    from celery import Celery

PLAIN = ["PENDING", "STARTED", "SUCCESS"]
NAMES = {"jobs.add", "jobs.digest", "jobs.total", "jobs.flaky", "jobs.broken"}


def states(events: list[dict[str, Any]]) -> list[str]:
    return [event["state"] for event in events]


class TestAnExistingApplication:
    def test_needs_no_import_of_ours(self) -> None:
        tree = ast.parse(Path(stock_jobs.__file__).read_text())
        imported = {
            alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
        }
        imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not [name for name in imported if "taskbeam" in name]


class TestAJobThatSucceeds:
    def test_is_pending_started_and_done(self, jobs: Celery) -> None:
        events = ended(jobs, jobs.send_task("jobs.add", [1, 2]).id)
        assert states(events) == PLAIN
        assert events[-1]["result"] == 3
        assert [event["final"] for event in events] == [False, False, True]

    def test_tells_every_progress(self, jobs: Celery) -> None:
        events = ended(jobs, jobs.send_task("jobs.digest", [4]).id)
        assert states(events) == ["PENDING", "STARTED", *["PROGRESS"] * 4, "SUCCESS"]
        assert [event["progress"] for event in events[2:-1]] == [
            {"current": round, "total": 4, "percent": 25.0 * round, "message": f"Round {round}"}
            for round in (1, 2, 3, 4)  # noqa: A001
        ]

    def test_every_event_names_its_task_time_and_place(self, jobs: Celery) -> None:
        before = time.time()
        task_id = jobs.send_task("jobs.digest", [2]).id
        events = ended(jobs, task_id)
        for seq, event in enumerate(events, start=1):
            assert (event["task_id"], event["name"], event["attempt"]) == (task_id, "jobs.digest", 1)
            assert re.fullmatch(rf"\d{{13}}-{seq}", event["id"])
        times = [event["ts"] for event in events]
        assert before - 1 <= times[0]
        assert times == sorted(times)
        assert times[-1] <= time.time() + 1

    def test_a_pending_job_has_its_name_before_any_worker_saw_it(self, jobs: Celery) -> None:
        task_id = jobs.send_task("jobs.add", [1, 2], queue="nobody-listens").id
        (event,) = journal_of(jobs, task_id)
        assert (event["state"], event["name"]) == ("PENDING", "jobs.add")

    def test_a_job_that_ignores_its_result_is_followed_too(self, jobs: Celery) -> None:
        # The newest application that knows a task counts as its sender, where that ignores its result.
        signals.connect(jobs)
        task_id = jobs.send_task("jobs.digest", [2], ignore_result=True).id
        assert states(until(lambda: journal_of(jobs, task_id)[3:] and journal_of(jobs, task_id)))[:4] == [
            "PENDING",
            "STARTED",
            "PROGRESS",
            "PROGRESS",
        ]


class TestAJobThatWaits:
    def test_a_countdown_tells_when_it_is_due(self, jobs: Celery) -> None:
        before = datetime.now(UTC)
        task_id = jobs.send_task("jobs.add", [1, 2], countdown=0.2).id
        pending = ended(jobs, task_id)[0]
        assert before < datetime.fromisoformat(pending["eta"]) < before + timedelta(seconds=10)

    def test_an_eta_without_an_offset_is_utc_as_for_celery(self, jobs: Celery) -> None:
        eta = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=1)
        events = ended(jobs, jobs.send_task("jobs.add", [1, 2], eta=eta.replace(tzinfo=None)).id)
        assert states(events) == PLAIN
        assert datetime.fromisoformat(events[0]["eta"]) == eta

    def test_a_job_that_is_revoked_while_it_waits_ends_once(self, jobs: Celery) -> None:
        task_id = jobs.send_task("jobs.add", [1, 2], countdown=60).id
        jobs.control.revoke(task_id)
        events = ended(jobs, task_id)
        assert states(events) == ["PENDING", "REVOKED"]
        assert events[-1]["error"]["code"] == "revoked"

    def test_a_job_that_came_too_late_is_expired(self, jobs: Celery) -> None:
        past = datetime.now(UTC) - timedelta(seconds=5)
        events = ended(jobs, jobs.send_task("jobs.add", [1, 2], expires=past).id)
        assert states(events) == ["PENDING", "REVOKED"]
        assert events[-1]["error"]["code"] == "expired"


class TestAJobThatFails:
    def test_ends_with_a_safe_error(self, jobs: Celery) -> None:
        events = ended(jobs, jobs.send_task("jobs.broken").id)
        assert states(events) == ["PENDING", "STARTED", "FAILURE"]
        error = events[-1]["error"]
        assert (error["code"], error["message"]) == ("task_failed", "The task failed.")
        assert re.fullmatch("[0-9a-f]{8}", error["ref"])

    def test_retries_as_a_second_attempt_and_says_when(self, jobs: Celery) -> None:
        events = ended(jobs, jobs.send_task("jobs.flaky").id)
        assert states(events) == ["PENDING", "STARTED", "RETRY", "STARTED", "SUCCESS"]
        assert [event["attempt"] for event in events] == [1, 1, 1, 2, 2]
        retry = events[2]["retry"]
        assert retry["max"] == 2
        assert 0 < retry["delay"] <= 0.1
        assert abs(retry["at"] - events[2]["ts"] - retry["delay"]) < 10

    def test_that_no_worker_knows_is_told(self, jobs: Celery) -> None:
        events = ended(jobs, jobs.send_task("jobs.unheard_of").id)
        assert (states(events), events[-1]["error"]["code"]) == (["PENDING", "FAILURE"], "not_registered")

    @pytest.mark.parametrize("jobs", ["prefork"], indirect=True)  # no other pool has time limits
    def test_that_takes_too_long_ends_once(self, jobs: Celery) -> None:
        events = ended(jobs, jobs.send_task("jobs.digest", [10**6], time_limit=1).id)
        assert (events[-1]["state"], events[-1]["error"]["code"]) == ("FAILURE", "time_limit")
        assert states(events).count("FAILURE") == 1

    @pytest.mark.parametrize("name", ["jobs.broken", "jobs.flaky", "jobs.unheard_of"])
    def test_no_word_class_or_path_of_an_exception_is_in_any_record(self, jobs: Celery, name: str) -> None:
        task_id = jobs.send_task(name).id
        ended(jobs, task_id)
        keys, client = keys_of(jobs, task_id), backend_of(jobs).client
        head = client.hgetall(keys.head)
        del head[b"ticket"]  # which names the queue
        written = [*client.lrange(keys.log, 0, -1), *head.values()]
        for word in (b"planted-secret", b"Error", b"NotRegistered", b"Traceback", b".py", b"celery", b"pid"):
            assert not [text for text in written if word in text]


class TestCanvas:
    def test_each_link_of_a_chain_is_a_job(self, jobs: Celery) -> None:
        last: Any = chain(jobs.signature("jobs.add", [1, 2]), jobs.signature("jobs.add", [3])).apply_async()
        assert ended(jobs, last.id)[-1]["result"] == 6
        assert states(ended(jobs, last.parent.id)) == PLAIN
        assert states(ended(jobs, last.id)) == ["PENDING", *PLAIN]

    def test_a_broken_chain_ends_for_every_link_that_is_left(self, jobs: Celery) -> None:
        last: Any = chain(jobs.signature("jobs.broken"), jobs.signature("jobs.add", [3])).apply_async()
        assert states(ended(jobs, last.parent.id)) == ["PENDING", "STARTED", "FAILURE"]
        assert states(ended(jobs, last.id)) == ["PENDING", "FAILURE"]

    def test_a_chord_is_its_members_and_its_body(self, jobs: Celery) -> None:
        body: Any = chord(jobs.signature("jobs.add", [n, n]) for n in range(3))(jobs.signature("jobs.total"))
        assert ended(jobs, body.id)[-1]["result"] == 6
        for job in body.parent.results:
            assert states(ended(jobs, job.id)) == PLAIN
        assert states(ended(jobs, body.id)) == ["PENDING", *PLAIN]

    def test_a_broken_chord_tells_that_a_dependency_failed(self, jobs: Celery) -> None:
        header = [jobs.signature("jobs.add", [1, 1]), jobs.signature("jobs.broken")]
        body: Any = chord(header)(jobs.signature("jobs.total"))
        events = ended(jobs, body.id)
        assert (states(events), events[-1]["error"]["code"]) == (["PENDING", "FAILURE"], "dependency_failed")

    def test_each_member_of_a_group_is_a_job(self, jobs: Celery) -> None:
        members: Any = group(jobs.signature("jobs.add", [n, 1]) for n in range(4)).apply_async()
        assert [ended(jobs, member.id)[-1]["result"] for member in members] == [1, 2, 3, 4]


class TestAnIdThatIsUsedAgain:
    def test_after_a_failure_opens_a_new_life_of_the_journal(self, jobs: Celery) -> None:
        task_id = str(uuid4())
        jobs.send_task("jobs.broken", task_id=task_id)
        first = ended(jobs, task_id)
        jobs.send_task("jobs.add", [1, 2], task_id=task_id)
        until(lambda: journal_of(jobs, task_id)[-1]["state"] == "SUCCESS")
        second = told(jobs, task_id, *PLAIN)
        assert int(second[0]["id"].split("-")[0]) > int(first[0]["id"].split("-")[0])
