"""What is stored of a task that goes on is what Celery stores."""

from __future__ import annotations

from typing import Any

import pytest
from celery.app.task import Context
from celery.backends.redis import RedisBackend

from .apps import backend_of, results_app

REQUESTS = {
    "none": None,
    "empty": Context(),
    "a task's": Context(id="a", task="jobs.add", args=(1,), children=[], hostname="w@h"),
    "of a group and a parent": Context(id="a", task="jobs.add", group="g", parent_id="p", stamps={"s": 1}),
}


@pytest.mark.parametrize("extended", [False, True])
@pytest.mark.parametrize("state", ["PENDING", "STARTED", "PROGRESS", "RETRY", "SUCCESS", "FAILURE", None])
@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_it_is_as_celery_makes_it(request_: Any, state: str | None, extended: bool) -> None:
    app = results_app("taskbeam+redis://localhost:1/0")
    app.conf.result_extended = extended
    asked = {"result": {"current": 1}, "state": state, "traceback": None, "request": request_}
    stored_by: Any = RedisBackend
    ours = backend_of(app)._get_result_meta(**asked)
    stock = stored_by._get_result_meta(backend_of(app), **asked)
    dates = (ours.pop("date_done"), stock.pop("date_done"))
    assert ours == stock
    assert {date is None for date in dates} == {state not in ("SUCCESS", "FAILURE")}
