"""What the doctor thinks of workers."""

from __future__ import annotations

import pytest

from taskbeam.cli.checks.finding import Level
from taskbeam.cli.checks.worker_facts import Taskbeam, WorkerFacts, lease_of
from taskbeam.cli.checks.worker_rules import about_workers

from .findings import amiss, words

OURS = "taskbeam+redis://host/1"
OWN = Taskbeam(version="1.0", key_prefix="celery-task-meta-", sharded=False)

PROBLEM, WARNING = [("Worker", Level.PROBLEM)], [("Worker", Level.WARNING)]


def here(*, version: str = "1.0", key_prefix: str = OWN.key_prefix, sharded: bool = False) -> WorkerFacts:
    taskbeam = Taskbeam(version=version, key_prefix=key_prefix, sharded=sharded)
    return WorkerFacts(name="celery@h", lease="h:7", taskbeam=taskbeam)


def elsewhere(backend: str | None) -> WorkerFacts:
    return WorkerFacts(name="celery@h", lease=None, backend=backend)


@pytest.mark.parametrize(
    ("worker", "expected", "said"),
    [
        (here(), [], "taskbeam 1.0"),
        (here(version="0.9"), WARNING, "has taskbeam 0.9, and here it is 1.0"),
        (here(key_prefix="x:celery-task-meta-"), PROBLEM, "global_keyprefix"),
        (here(sharded=True), PROBLEM, "celery@h uses sharded channels, and the gateway does not"),
        (WorkerFacts(name="celery@h", lease="h:7"), WARNING, "version of its taskbeam is unknown"),
        (elsewhere("redis://host/1"), PROBLEM, "its result backend is redis://host/1"),
        (elsewhere(None), PROBLEM, "its result backend is unknown"),
        (elsewhere(OURS), PROBLEM, "the same result backend taskbeam+redis://host/1, and no lease"),
    ],
)
def test_of_one_that_answers(worker: WorkerFacts, expected: list[tuple[str, Level]], said: str) -> None:
    findings = list(about_workers([worker], [worker.lease] if worker.lease else [], OWN, OURS))
    assert amiss(findings) == expected
    assert said in words(findings)


def test_of_one_that_does_not() -> None:
    findings = list(about_workers([here()], ["h:7", "h:8"], OWN, OURS))
    assert amiss(findings) == WARNING
    assert "h:8 keeps its journals here, and does not answer on this broker" in words(findings)


def test_of_none() -> None:
    assert amiss(about_workers([], [], OWN, OURS)) == WARNING


@pytest.mark.parametrize(
    ("nodename", "leased", "lease"),
    [
        ("celery@h", ["h:7", "g:7"], "h:7"),
        ("celery@h", ["h:8"], None),
        ("celery@h", [], None),
        ("celery@chosen", ["h:7", "h:8"], "h:7"),
        ("celery@chosen", ["h:7", "g:7"], None),
    ],
)
def test_a_worker_is_known_by_its_host_and_process(
    nodename: str, leased: list[str], lease: str | None
) -> None:
    assert lease_of(nodename, 7, leased) == lease
