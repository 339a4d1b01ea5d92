"""The samples of docs/adopting.md do what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stack.valkey import Valkey
from taskbeam.celery.run import current_run
from tests.support.reading import ReadText
from tests.support.results import results_at
from tests.taskbeam.apps import close_apps, journal_of, ours, results_app
from tests.taskbeam.running import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery import Celery

PAGE = Path(__file__).parents[2] / "docs" / "adopting.md"


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


@pytest.fixture
def app(valkey: Valkey) -> Iterator[Celery]:
    yield results_app("taskbeam+" + results_at(valkey.url()))
    close_apps()


def sample(heading: str, app: Celery) -> dict[str, Any]:
    """What the first code of a section defines, with our application as its `app`."""
    section = PAGE.read_text().split(f"\n## {heading}\n")[1]
    found = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert found
    names: dict[str, Any] = {"app": app, "__name__": "sample"}
    exec(compile(found[1], str(PAGE), "exec"), names)
    return names


def events_of(app: Celery, task: Any, *args: object) -> list[dict[str, Any]]:
    """The journal of a run of the task."""
    with running(app) as task_id:
        result, run = task.run(*args), current_run()
        assert run is not None
        ours(app).store_result(task_id, result, "SUCCESS", request=run.request)
    return journal_of(app, task_id)


def test_a_task_that_writes(app: Celery) -> None:
    events = events_of(app, sample("Text that a task writes", app)["answer"], "why")
    assert ReadText(events).text == "An answer to why\nsources: 2\npage,7\r\n"
    assert events[-1]["final"]


def test_a_task_in_steps(app: Celery) -> None:
    events = events_of(app, sample("Steps", app)["report"], ["a", "b"])
    assert [(step["name"], step["state"]) for step in events[-1]["steps"]] == [
        ("Load", "done"),
        ("Render", "done"),
        ("Page 1", "done"),
        ("Page 2", "done"),
        ("Mail", "done"),
    ]
    assert events[-2]["progress"]["percent"] == 100
