"""`redis://` or `taskbeam+redis://`: to the code that waits for a job there is no difference."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from celery import chain, chord, group

from .apps import backend_of, keys_of
from .waiting import DEADLINE, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from celery import Celery


def outcome(result: Any) -> dict[str, Any]:
    """All that a caller may see of a job."""
    answer: dict[str, Any]
    try:
        answer = {"got": result.get(timeout=DEADLINE)}
    except Exception as error:
        answer = {"raised": (type(error).__name__, re.sub("[0-9a-f]{8}-[0-9a-f-]{27}", "<id>", str(error)))}
    # `get` raises a parent's error, and then the job's own end may still be under way.
    until(result.ready)
    return answer | {
        "state": result.state,
        "status": result.status,
        "info": re.sub("[0-9a-f]{8}-[0-9a-f-]{27}", "<id>", repr(result.info)),
        "ready": result.ready(),
        "successful": result.successful(),
        "traceback": re.findall(r"^\w+: .*$", result.traceback or "", re.MULTILINE),
        "dated": result.date_done is not None,
        "children": [child.get(timeout=DEADLINE, propagate=False) for child in result.children or []],
    }


def plain(app: Celery) -> Any:
    return outcome(app.send_task("jobs.add", [1, 2]))


def progress(app: Celery) -> Any:
    return outcome(app.send_task("jobs.digest", [5]))


def retry(app: Celery) -> Any:
    return outcome(app.send_task("jobs.flaky"))


def failure(app: Celery) -> Any:
    return outcome(app.send_task("jobs.broken"))


def unregistered(app: Celery) -> Any:
    return outcome(app.send_task("jobs.unheard_of"))


def unserialisable(app: Celery) -> Any:
    return outcome(app.send_task("jobs.add", ["one", 2]))


def linked(app: Celery) -> Any:
    result: Any = chain(app.signature("jobs.add", [1, 2]), app.signature("jobs.add", [3])).apply_async()
    return outcome(result), outcome(result.parent)


def broken_link(app: Celery) -> Any:
    result: Any = chain(app.signature("jobs.broken"), app.signature("jobs.add", [3])).apply_async()
    return outcome(result.parent), outcome(result)


def grouped(app: Celery) -> Any:
    result: Any = group(app.signature("jobs.add", [n, n]) for n in range(5)).apply_async()
    return result.get(timeout=DEADLINE), result.completed_count(), [outcome(member) for member in result]


def saved_group(app: Celery) -> Any:
    result: Any = group(app.signature("jobs.add", [n, n]) for n in range(2)).apply_async()
    result.save()
    restored = app.GroupResult.restore(result.id)
    return restored.get(timeout=DEADLINE)


def chorded(app: Celery) -> Any:
    header = [app.signature("jobs.add", [n, n]) for n in range(5)]
    return outcome(chord(header)(app.signature("jobs.total")))


def broken_chord(app: Celery) -> Any:
    return outcome(chord([app.signature("jobs.broken")])(app.signature("jobs.total")))


def forgotten(app: Celery) -> Any:
    result = app.send_task("jobs.add", [1, 2])
    result.get(timeout=DEADLINE)
    result.forget()
    return app.AsyncResult(result.id).state, backend_of(app).client.exists(keys_of(app, result.id).result)


def ignored(app: Celery) -> Any:
    """Celery leaves its last progress for a day."""
    result = app.send_task("jobs.digest", [3], ignore_result=True)
    until(lambda: app.AsyncResult(result.id).info == {"current": 3, "total": 3, "message": "Round 3"})
    return app.AsyncResult(result.id).state


def heard(app: Celery) -> Any:
    """`on_message` gets what is published on Celery's own channel."""
    task_id, messages = str(uuid4()), list[dict[str, Any]]()

    def send() -> None:
        app.send_task("jobs.digest", [3], task_id=task_id)

    # What is published before it waits is not heard. Celery calls `on_interval` once.
    app.AsyncResult(task_id).get(timeout=DEADLINE, on_interval=send, on_message=messages.append)
    # Earlier jobs of this process may still be heard.
    return [message["status"] for message in messages if message["task_id"] == task_id]


SCENARIOS: list[Callable[[Celery], Any]] = [
    *(plain, progress, retry, failure, unregistered, unserialisable, linked, broken_link),
    *(grouped, saved_group, chorded, broken_chord, forgotten, ignored, heard),
]


# What stock Celery itself calls.
@pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")
class TestTheCallerSeesNoDifference:
    @pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
    def test_in_the_fate_of_a_job(
        self, jobs: Celery, stock_jobs: Celery, scenario: Callable[[Celery], Any]
    ) -> None:
        assert scenario(jobs) == scenario(stock_jobs)
