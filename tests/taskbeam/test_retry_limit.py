"""With RETRY a client is told how often the task may be retried, as the call itself says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from celery import Celery

from taskbeam.testing import Recording, recorded, recording

from .traced import traced

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def journal() -> Iterator[Recording]:
    app = Celery("retries", broker="memory://", set_as_current=False)
    with recording(app) as made:
        yield made


def asks(self: Any, **limit: Any) -> None:
    if not self.request.retries:
        raise self.retry(countdown=0, **limit)


def limited(self: Any) -> None:
    asks(self, max_retries=7)


def by_position(self: Any) -> None:
    if not self.request.retries:
        raise self.retry(None, None, None, True, None, 0, 7)


def unlimited(self: Any) -> None:
    self.max_retries = None
    asks(self)


def after_a_limited_one(self: Any) -> None:
    """Celery keeps what the other call has said on the task, and goes by it no more."""
    self.override_max_retries = 7
    asks(self)


def by_itself(self: Any) -> None:
    if not self.request.retries:
        raise KeyError


#: Job → the options of its task, and the limit.
CALLS: list[tuple[Any, dict[str, Any], int | None]] = [
    (asks, {"max_retries": 2}, 2),
    (limited, {"max_retries": 2}, 7),
    (by_position, {"max_retries": 2}, 7),
    (unlimited, {"max_retries": 2}, None),
    (after_a_limited_one, {"max_retries": 2}, 2),
    (by_itself, {"autoretry_for": (KeyError,), "retry_kwargs": {"max_retries": 6, "countdown": 0}}, 6),
]


def limits(journal: Recording, task_id: str) -> list[int | None]:
    return [body["retry"]["max"] for body in journal.of(task_id).bodies if "retry" in body]


@pytest.mark.parametrize(("job", "options", "limit"), CALLS)
def test_it_is_that_of_the_call(
    journal: Recording, job: Any, options: dict[str, Any], limit: int | None
) -> None:
    assert limits(journal, traced(journal.app, job, bind=True, **options)) == [limit]


@pytest.mark.parametrize(("job", "options", "limit"), CALLS)
def test_the_kit_has_the_same(
    journal: Recording, job: Any, options: dict[str, Any], limit: int | None
) -> None:
    define: Any = journal.app.task(name=f"eager.{job.__name__}", shared=False, bind=True, **options)
    assert limits(journal, recorded(define(job)).task_id) == [limit]
