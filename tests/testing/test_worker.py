"""Celery's own test worker, in a thread of the test: it gives what eager mode cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from celery import chain, group

import taskbeam
from taskbeam.testing import Recording, recording
from tests.support.thread_worker import thread_worker

from .test_recorded import app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery import Celery

__all__ = ["app"]


@pytest.fixture(scope="module")
def journal(app: Celery) -> Iterator[Recording]:
    with recording(app) as made:
        yield made


@pytest.fixture(scope="module")
def cancelled(app: Celery, journal: Recording) -> Any:
    """A task that was cancelled before there was a worker; and how far the recording said that it was."""
    sent = app.tasks["kit.counts"].delay(1)
    with pytest.raises(TimeoutError, match=r"not ended within 0 s: .*PENDING>"):
        journal.wait(sent, timeout=0)
    journal.cancel(sent)
    return sent


@pytest.fixture(scope="module")
def worked(app: Celery, journal: Recording, cancelled: Any) -> Iterator[Recording]:  # noqa: ARG001
    with thread_worker(app):
        yield journal


def test_a_chain_that_fails(app: Celery, worked: Recording) -> None:
    counts, fails = app.tasks["kit.counts"], app.tasks["kit.fails"]
    last: Any = chain(counts.si(1), fails.si(), counts.si(1)).apply_async()
    assert worked.wait(last).story == ["PENDING dependency", "FAILURE quota"]
    assert worked.of(last.parent).story == ["PENDING dependency", "PENDING", "STARTED", "FAILURE quota"]
    with pytest.raises(taskbeam.PublicError):
        last.get(timeout=60)


def test_the_feed_of_a_group_ends(app: Celery, worked: Recording) -> None:
    counts = app.tasks["kit.counts"]
    sent: Any = group(counts.si(1), counts.si(2)).apply_async()
    for member in sent:
        worked.wait(member)
    last = worked.feed(f"group:{sent.id}")[-1].raw["rollup"]
    assert (last["done"], last["permille"], last["final"]) == ({"SUCCESS": 2}, 1000, True)


def test_one_that_was_cancelled_before_does_not_run(app: Celery, worked: Recording, cancelled: Any) -> None:
    worked.wait(app.tasks["kit.counts"].delay(1))  # which is behind it in the queue
    assert worked.of(cancelled).story == ["PENDING", "REVOKED revoked"]
