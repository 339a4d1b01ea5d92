"""What the doctor makes of what it finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from taskbeam.cli import findings
from taskbeam.cli.findings import Level
from taskbeam.gateway.environment import unknown_variables

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taskbeam.cli.findings import Finding

GOOD: dict[str, Any] = {
    "redis_version": "7.2.4",
    "maxmemory_policy": "noeviction",
    "maxmemory": 0,
    "aof_enabled": 1,
}
ROOMY = "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"


def bad(found: Iterable[Finding]) -> list[tuple[str, Level]]:
    return [(finding.subject, finding.level) for finding in found if finding.level is not Level.OK]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, []),
        ({"maxmemory_policy": "allkeys-lru"}, []),  # without a limit nothing is dropped
        ({"maxmemory": 1, "maxmemory_policy": "allkeys-lru"}, [("Eviction", Level.PROBLEM)]),
        ({"maxmemory": 1, "maxmemory_policy": "volatile-ttl"}, [("Eviction", Level.PROBLEM)]),
        ({"maxmemory": 1}, []),
        ({"aof_enabled": 0}, [("Persistence", Level.WARNING)]),
        ({"redis_version": "5.0.14"}, [("Redis", Level.PROBLEM)]),
        ({"redis_version": "6.2.0"}, []),
        ({"redis_version": "7.2.4", "valkey_version": "9.0.1"}, []),
    ],
)
def test_of_redis(facts: dict[str, Any], expected: list[tuple[str, Level]]) -> None:
    assert bad(findings.about_redis(GOOD | facts, ROOMY, 0.0)) == expected


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (ROOMY, []),
        (None, []),
        ("normal 0 0 0 pubsub 0 0 0", []),
        ("normal 0 0 0 pubsub 1048576 0 0", [("Output buffer", Level.WARNING)]),
        ("pubsub 33554432 1024 60", [("Output buffer", Level.WARNING)]),
    ],
)
def test_of_the_output_buffer(limit: str | None, expected: list[tuple[str, Level]]) -> None:
    assert bad(findings.about_redis(GOOD, limit, 0.0)) == expected


@pytest.mark.parametrize(
    ("difference", "agrees"), [(0, True), (1999, True), (-2001, False), (3_600_000, False)]
)
def test_of_the_clock(difference: float, agrees: bool) -> None:
    assert (bad(findings.about_redis(GOOD, ROOMY, difference)) == []) is agrees


def test_of_workers() -> None:
    assert bad(findings.about_workers(["a@h"], ["a@h"])) == []
    assert bad(findings.about_workers(["a@h"], [])) == [("Worker", Level.PROBLEM)]
    assert bad(findings.about_workers([], ["a@h"])) == [("Worker", Level.WARNING)]
    assert bad(findings.about_workers([], [])) == [("Worker", Level.WARNING)]


def test_a_worker_is_known_by_its_host_and_process() -> None:
    assert findings.lease_name("celery@h", 7, ["h:7", "g:7"]) == "h:7"
    assert findings.lease_name("celery@chosen", 7, ["h:7", "h:8"]) == "h:7"
    assert findings.lease_name("celery@chosen", 7, ["h:7", "g:7"]) == "chosen:7"
    assert findings.lease_name("celery@h", 7, []) == "h:7"


def test_of_the_rest() -> None:
    found = [
        findings.about_broker(None),
        findings.about_broker("It is away."),
        findings.about_descriptors(20_100, 20_000),
        findings.about_descriptors(1024, 20_000),
        findings.about_keys(None, open_to_all=False),
        findings.about_keys("There are none.", open_to_all=False),
        findings.about_keys("There are none.", open_to_all=True),
    ]
    assert bad(found) == [
        ("Broker", Level.PROBLEM),
        ("Open files", Level.PROBLEM),
        ("Tokens", Level.PROBLEM),
        ("Tokens", Level.WARNING),
    ]


def test_whatever_is_wrong_comes_with_what_to_do() -> None:
    found = [
        *findings.about_redis(
            GOOD | {"redis_version": "5", "aof_enabled": 0, "maxmemory": 1}, "pubsub 1 1 1", 1e6
        ),
        *findings.about_workers(["a@h"], ["b@h"]),
        *findings.about_variables(["TASKBEAM_X is set."]),
    ]
    assert all(finding.do for finding in found if finding.level is not Level.OK)


def test_a_misspelt_variable_is_told_with_the_one_that_is_meant() -> None:
    environment = {"TASKBEAM_HEARTBAET": "3", "TASKBEAM_PORT": "1", "TASKBEAM_ZZZ": "", "HOME": "/"}
    first, second = unknown_variables(environment)
    assert "TASKBEAM_HEARTBAET" in first
    assert "did you mean TASKBEAM_HEARTBEAT?" in first
    assert "TASKBEAM_ZZZ" in second
    assert unknown_variables({"TASKBEAM_UPLOADS_DIR": "/x"}, ["uploads_dir"]) == []
    assert unknown_variables({"TASKBEAM_WORKERS": "2"}) == []
    assert unknown_variables(environment, only_misspelt=True) == [first]
