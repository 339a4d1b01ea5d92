"""The steps of a task: what they say of its percent, and that each snapshot has them."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

import pytest
from celery.exceptions import Retry

import taskbeam
from taskbeam.celery.run import Cancelled, current_run
from taskbeam.celery.step_list import MOST_STEPS, StepList, StepState
from taskbeam.journal.bounds import MAX_EVENT_BYTES, size_of
from tests.support.results import results_at
from tests.support.worker import worker

from .apps import journal_of, ours, results_app
from .running import running
from .waiting import ended
from .writing_jobs import writing_app

if TYPE_CHECKING:
    from celery import Celery

    from stack.valkey import Valkey


@pytest.fixture
def app(valkey: Valkey) -> Celery:
    return results_app("taskbeam+" + results_at(valkey.url(4)))


@pytest.fixture
def steps() -> StepList:
    return StepList(lambda: 1.0)


def finish(app: Celery, task_id: str, result: object = None, state: str = "SUCCESS") -> dict[str, Any]:
    """End the run of this thread; the event of its end."""
    run = current_run()
    assert run is not None
    ours(app).store_result(task_id, result, state, request=run.request)
    return journal_of(app, task_id)[-1]


def divide() -> None:
    taskbeam.progress(1, 2)
    raise ZeroDivisionError


def plain(event: dict[str, Any]) -> list[tuple[str, str, float | None]]:
    """Of each step its name, its state and its percent."""
    return [(step["name"], step["state"], step.get("percent")) for step in event["steps"]]


class TestThePercent:
    def test_is_the_sum_of_the_steps_by_their_weights(self, steps: StepList) -> None:
        load = steps.begin("Load", 20, None)
        assert steps.meta() == {"current": 0.0, "total": 100, "message": "Load"}
        steps.reported(load, (1, 4, "row 1"))
        assert steps.meta() == {"current": 5.0, "total": 100, "message": "row 1"}
        steps.end(load, StepState.DONE)
        render = steps.begin("Render", 70, None)
        steps.reported(render, (40, 100, None))
        assert steps.meta() == {"current": 48.0, "total": 100, "message": "Render"}

    def test_steps_within_steps_have_their_share_of_those(self, steps: StepList) -> None:
        outer = steps.begin("Render", 50, None)
        for number in (1, 2):
            page = steps.begin(f"Page {number}", 25, outer)
            steps.reported(page, (1, 2, None))
            assert outer.percent == 25 * (number - 1) + 12.5
            steps.end(page, StepState.DONE)
        assert steps.meta()["current"] == 25.0
        steps.end(outer, StepState.DONE)
        assert steps.meta()["current"] == 50.0  # whatever the steps within it have brought

    def test_what_failed_brings_what_it_had(self, steps: StepList) -> None:
        first = steps.begin("First", 50, None)
        steps.reported(first, (1, 2, None))
        steps.end(first, StepState.FAILED)
        steps.begin("Second", 50, None)
        assert steps.meta()["current"] == 25.0

    def test_weights_of_more_than_all_are_all(self, steps: StepList) -> None:
        for name in "abc":
            steps.end(steps.begin(name, 60, None), StepState.DONE)
        assert steps.meta()["current"] == 100.0

    def test_without_weights_the_steps_that_are_done_are_counted(self, steps: StepList) -> None:
        for name in "abc":
            steps.end(steps.begin(name, None, None), StepState.DONE)
        steps.end(steps.begin("d", None, None), StepState.FAILED)
        steps.begin("e", None, None)
        assert steps.meta() == {"current": 3, "message": "e"}

    def test_what_the_task_itself_reports_counts_where_no_step_has_a_weight(self, steps: StepList) -> None:
        inner = steps.begin("a", None, None)
        steps.reported(inner, (1, 2, None))
        steps.reported(None, (3, 4, "nearly"))
        assert steps.meta() == {"current": 3, "total": 4, "message": "nearly"}

    @pytest.mark.parametrize("report", [(float("nan"), 4, None), ("x", 4, None), (1, "x", None)])
    def test_what_is_no_number_says_nothing(
        self, steps: StepList, report: tuple[object, object, object]
    ) -> None:
        step = steps.begin("a", 50, None)
        steps.reported(step, report)
        assert step.percent is None
        assert steps.meta()["current"] == 0.0


class TestTheList:
    def test_of_very_many_has_the_newest(self, steps: StepList) -> None:
        outer = steps.begin("outer", 100, None)
        for number in range(1000):
            steps.end(steps.begin(f"row {number}", 0.1, outer), StepState.DONE)
        members = steps.members()
        assert members["steps_omitted"] == str(1001 - MOST_STEPS)
        assert members["steps"].count('"name"') == MOST_STEPS
        assert '"name":"outer"' in members["steps"]  # it goes on
        assert len(steps._listed) <= MOST_STEPS
        assert outer.percent == pytest.approx(100)

    def test_fits_into_an_event_whatever_the_names_are(self, steps: StepList) -> None:
        for _ in range(60):
            steps.reported(steps.begin("\0" * 1000, 1, None), (1, 2, "\0" * 100_000))
        assert size_of(steps.members()["steps"]) < MAX_EVENT_BYTES / 2


class TestInATask:
    def test_each_step_is_an_event_and_the_snapshot_has_them_all(self, app: Celery) -> None:
        with running(app) as task_id:
            with taskbeam.step("Load", weight=20):
                taskbeam.progress(1, 2, "half")
            with taskbeam.step("Render", weight=80), taskbeam.step("Page", weight=50):
                pass
            end = finish(app, task_id, 7)
        events = journal_of(app, task_id)
        assert [event["progress"]["percent"] for event in events[:-1]] == [0, 10, 20, 20, 20, 60, 100]
        assert events[0]["steps"][0]["name"] == "Load"
        assert events[1]["progress"] == {"current": 10.0, "total": 100, "percent": 10.0, "message": "half"}
        assert plain(end) == [("Load", "done", 100), ("Render", "done", 100), ("Page", "done", 100)]
        assert [step.get("depth") for step in end["steps"]] == [None, None, 1]
        assert end["result"] == 7
        assert all(step["began"] <= step["ended"] for step in end["steps"])

    def test_a_step_that_an_exception_leaves_has_failed(self, app: Celery) -> None:
        with running(app) as task_id:
            with pytest.raises(ZeroDivisionError), taskbeam.step("Divide", weight=50):
                divide()
            end = finish(app, task_id, ZeroDivisionError(), "FAILURE")
        assert plain(end) == [("Divide", "failed", 50)]

    @pytest.mark.parametrize("stop", [Cancelled(), Retry(), asyncio.CancelledError()])
    def test_one_that_the_task_leaves_to_stop_is_stopped(self, app: Celery, stop: BaseException) -> None:
        with running(app) as task_id:
            with pytest.raises(type(stop)), taskbeam.step("Wait"):
                raise stop
            end = finish(app, task_id)
        assert plain(end) == [("Wait", "stopped", None)]

    def test_of_a_task_that_was_cancelled_no_step_begins(self, app: Celery) -> None:
        with running(app) as task_id:
            run = current_run()
            assert run is not None
            run.cancelled = True
            with pytest.raises(Cancelled), taskbeam.step("Never"):
                pytest.fail("it began")
            end = finish(app, task_id)
        assert plain(end) == [("Never", "stopped", None)]

    def test_threads_report_of_the_step_that_they_are_part_of(self, app: Celery) -> None:
        def part(name: str) -> None:
            with taskbeam.step(name, weight=25):
                taskbeam.progress(1, 2)

        with running(app) as task_id:
            with taskbeam.step("Parts", weight=100), ThreadPoolExecutor(4) as pool:
                for future in [pool.submit(copy_context().run, part, name) for name in "abcd"]:
                    future.result()
            end = finish(app, task_id)
        assert sorted(plain(end)) == [("Parts", "done", 100), *((name, "done", 100) for name in "abcd")]
        assert sum(step.get("depth", 0) for step in end["steps"]) == 4

    def test_coroutines_do_too(self, app: Celery) -> None:
        async def part(name: str) -> None:
            with taskbeam.step(name):
                await asyncio.sleep(0)
                taskbeam.progress(1, 4)
                await asyncio.sleep(0)

        async def all_parts() -> None:
            await asyncio.gather(part("a"), part("b"))

        with running(app) as task_id:
            asyncio.run(all_parts())
            taskbeam.progress(1, 2)
            end = finish(app, task_id)
        assert plain(end) == [("a", "done", 100), ("b", "done", 100)]
        assert journal_of(app, task_id)[-2]["progress"]["percent"] == 50

    def test_what_has_no_text_costs_nothing_but_itself(self, app: Celery) -> None:
        class Unspeakable:
            def __str__(self) -> str:
                raise RuntimeError("somebody else's fault")

        with running(app) as task_id:
            with taskbeam.step("Say"):
                taskbeam.progress(1, 2, Unspeakable())
            end = finish(app, task_id, "done")
        assert end["result"] == "done"

    @pytest.mark.parametrize("weight", [-1, 101, float("nan"), "5"])
    def test_a_weight_is_a_percent(self, weight: Any) -> None:
        with pytest.raises(ValueError, match="from 0 to 100"), taskbeam.step("x", weight=weight):
            pytest.fail("it began")

    def test_outside_a_task_the_block_runs(self) -> None:
        ran = []
        with taskbeam.step("x", weight=1):
            ran.append(1)
        assert ran


def test_a_new_attempt_begins_without_steps(valkey: Valkey) -> None:
    broker, backend = valkey.url(14), "taskbeam+" + results_at(valkey.url(9))
    with worker(broker, backend, pool="threads", app="tests.taskbeam.writing_jobs"):
        app = writing_app(broker, backend)
        events = ended(app, app.send_task("jobs.stumble").id)
        ignored = ended(app, app.send_task("jobs.stumble_unheard").id)
    retry, end = (event for event in events if event["state"] in ("RETRY", "SUCCESS"))
    assert plain(retry) == [("Run 0", "stopped", 50)]
    assert plain(end) == [("Run 1", "done", 100)]
    # Celery stores no end of a task that ignores its result.
    assert plain(ignored[-1]) == [("Run 1", "done", 100)]
