"""Each run is told once as begun and once as over, whatever this version of Celery stores of it."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from celery import Celery
from celery.exceptions import Retry

from taskbeam import Cancelled
from taskbeam.celery.journal_backend import JournalBackend
from taskbeam.testing import Recording, recording

from .faulty_jobs import fail
from .traced import traced

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What a message says of its result. Another language's says nothing; `app.send_task` wrote False up to 5.6.
HEADERS: list[dict[str, Any]] = [{}, *({"ignore_result": ignored} for ignored in (None, False, True))]

#: What a task says of it: whether it is ignored, and whether errors are stored all the same.
OWN = list(product([False, True], [False, True]))


def succeeds() -> str:
    return "done"


def fails() -> None:
    raise KeyError


def asks_again() -> None:
    raise Retry


def is_cancelled() -> None:
    raise Cancelled


ENDS = {
    succeeds: "SUCCESS",
    fails: "FAILURE task_failed",
    asks_again: "RETRY task_failed",
    is_cancelled: "REVOKED revoked",
}


@pytest.fixture(scope="module")
def journal() -> Iterator[Recording]:
    app = Celery("unstored", broker="memory://", set_as_current=False)
    with recording(app) as made:
        yield made


@pytest.mark.parametrize("header", HEADERS, ids=str)
@pytest.mark.parametrize("tracked", [False, True], ids=["untracked", "tracked"])
def test_each_end_is_told_once(journal: Recording, tracked: bool, header: dict[str, Any]) -> None:
    for (job, end), (ignored, errors_stored) in product(ENDS.items(), OWN):
        own = {"ignore_result": ignored, "store_errors_even_if_ignored": errors_stored}
        task_id = traced(journal.app, job, header, track_started=tracked, **own)
        assert journal.of(task_id).story == ["STARTED", end], (job.__name__, own)


def test_no_success_is_told_where_celery_fails_the_task(
    journal: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What follows a task is sent before its result is stored."""
    monkeypatch.setattr(JournalBackend, "mark_as_done", fail, raising=False)
    with pytest.warns(RuntimeWarning, match="Exception raised outside body"):
        assert journal.of(traced(journal.app, succeeds, {})).story == ["STARTED", "FAILURE task_failed"]
