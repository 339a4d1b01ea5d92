"""What the doctor thinks of a Redis server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from taskbeam.cli.checks.finding import Level
from taskbeam.cli.checks.redis_facts import RedisFacts
from taskbeam.cli.checks.redis_rules import about_keeping, about_redis
from taskbeam.journal.cluster_keys import ClusterKeys
from taskbeam.journal.control_keys import CLUSTER, ONE_SERVER
from taskbeam.journal.keys import JournalNames, ShardedKeys, TaskKeys

from .findings import amiss, words

if TYPE_CHECKING:
    from taskbeam.cli.checks.finding import Finding

GOOD: dict[str, Any] = {
    "redis_version": "7.2.4",
    "role": "master",
    "maxmemory_policy": "noeviction",
    "maxmemory": 0,
    "used_memory": 1000,
    "aof_enabled": 1,
}
ROOMY = "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"

PREFIX = "celery-task-meta-"


def found(
    info: dict[str, Any] | None = None,
    configured: dict[str, str] | None = None,
    *,
    kind: type[TaskKeys] = TaskKeys,
    **facts: Any,
) -> list[Finding]:
    """About a good server, but for what is given."""
    settings = {"client-output-buffer-limit": ROOMY, "save": ""} | (configured or {})
    whole = RedisFacts(info=GOOD | (info or {}), configured=settings, **facts)
    control = CLUSTER if kind is ClusterKeys else ONE_SERVER
    return list(about_redis(whole, JournalNames(PREFIX, kind), control))


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ({}, []),
        ({"redis_version": "5.0.14"}, [("Redis", Level.PROBLEM)]),
        ({"redis_version": "6.0.20"}, [("Redis", Level.PROBLEM)]),
        ({"redis_version": "6.2.0"}, []),
        ({"redis_version": "10.0"}, []),
        ({"redis_version": "7.2.4", "valkey_version": "9.0.1"}, []),
        ({"role": "slave"}, [("Redis", Level.PROBLEM)]),
        ({"cluster_enabled": 1}, [("Redis", Level.PROBLEM)]),
        ({"maxmemory_policy": "allkeys-lru"}, []),  # without a limit nothing is dropped
        ({"maxmemory": 2000}, []),
        ({"maxmemory": 2000, "maxmemory_policy": "allkeys-lru"}, [("Eviction", Level.PROBLEM)]),
        ({"maxmemory": 2000, "maxmemory_policy": "volatile-ttl"}, [("Eviction", Level.PROBLEM)]),
        ({"maxmemory": 1050}, [("Memory", Level.WARNING)]),
        ({"aof_enabled": 0}, [("Persistence", Level.WARNING)]),
        ({"aof_last_write_status": "err"}, [("Persistence", Level.PROBLEM)]),
        ({"rdb_last_bgsave_status": "err"}, [("Persistence", Level.PROBLEM)]),
    ],
)
def test_of_what_it_says(info: dict[str, Any], expected: list[tuple[str, Level]]) -> None:
    assert amiss(found(info)) == expected


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ({"cluster_enabled": 1}, []),
        ({"redis_version": "6.2.14"}, [("Redis", Level.PROBLEM)]),
        ({"redis_version": "7.0.0"}, []),
    ],
)
def test_of_sharded_channels(info: dict[str, Any], expected: list[tuple[str, Level]]) -> None:
    assert amiss(found(info, kind=ShardedKeys)) == expected


@pytest.mark.parametrize(
    ("save", "said"), [("", "loses everything"), ("3600 1", "since its last snapshot"), (None, "off")]
)
def test_of_what_a_restart_leaves(save: str | None, said: str) -> None:
    assert said in words(about_keeping(GOOD | {"aof_enabled": 0}, save))


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (ROOMY, []),
        ("normal 0 0 0 pubsub 0 0 0", []),
        ("normal 0 0 0 pubsub 1048576 0 0", [("Output buffer", Level.WARNING)]),
        ("pubsub 33554432 1024 60", [("Output buffer", Level.WARNING)]),
    ],
)
def test_of_the_output_buffer(limit: str, expected: list[tuple[str, Level]]) -> None:
    assert amiss(found(configured={"client-output-buffer-limit": limit})) == expected


@pytest.mark.parametrize(
    ("difference", "said"),
    [(0.0, ""), (1.9, ""), (-1.9, ""), (2.1, "ahead of"), (-2.1, "behind"), (3600.0, "3600.0 s ahead")],
)
def test_of_the_clock(difference: float, said: str) -> None:
    findings = found(clock_difference=difference)
    assert amiss(findings) == ([("Clock", Level.WARNING)] if said else [])
    assert said in words(findings)


@pytest.mark.parametrize(
    ("refused", "said", "rights"),
    [
        (
            {"EVALSHA": "User u has no permissions to run the 'evalsha' command", "SCRIPT LOAD": "no"},
            "this user may not give EVALSHA, SCRIPT LOAD",
            "ACL SETUSER … +evalsha +script|load",
        ),
        (
            {"SET": "No permissions to access a key"},
            "may not use our keys (SET)",
            "ACL SETUSER … '~taskbeam:*' '~celery-task-meta-*' '~{celery-task-meta-*'",
        ),
        (
            {"SUBSCRIBE": "this user has no permissions to access one of the channels used as arguments"},
            "may not use our channels (SUBSCRIBE)",
            "ACL SETUSER … '&celery-task-meta-*' '&{celery-task-meta-*'",
        ),
    ],
)
def test_of_permissions(refused: dict[str, str], said: str, rights: str) -> None:
    (finding,) = [each for each in found(refused=refused) if each.level is not Level.OK]
    assert (finding.subject, finding.level) == ("Permissions", Level.PROBLEM)
    assert said in finding.what
    assert finding.do == rights


def test_of_permissions_on_a_cluster() -> None:
    refused = {"SET": "No permissions to access a key", "SSUBSCRIBE": "no permissions to access a channel"}
    (finding,) = [each for each in found(kind=ClusterKeys, refused=refused) if each.level is not Level.OK]
    begins = ("celery-task-meta-*", "{celery-task-meta-*", ":celery-task-meta-*", "{*}celery-task-meta-*")
    rights = ["~{taskbeam}:*", *(f"~{each}" for each in begins), *(f"&{each}" for each in begins)]
    assert finding.do == " ".join(["ACL SETUSER …", *(f"'{each}'" for each in rights)])


@pytest.mark.parametrize(
    ("kind", "masters", "said"),
    [
        (TaskKeys, 0, "ordinary channels"),
        (TaskKeys, 3, "one of 3 masters"),
        (ShardedKeys, 1, ""),
        (ShardedKeys, 3, "one of 3 masters"),
        (ClusterKeys, 3, ""),
    ],
)
def test_of_a_server_of_a_cluster(kind: type[TaskKeys], masters: int, said: str) -> None:
    findings = found({"cluster_enabled": 1}, kind=kind, masters=masters)
    assert amiss(findings) == ([("Redis", Level.PROBLEM)] if said else [])
    assert said in words(findings)
    assert ("taskbeam+rediscluster://" in words(findings)) == bool(said)


def test_of_one_that_tells_little() -> None:
    """Managed servers, and users with few rights."""
    names = JournalNames(PREFIX, TaskKeys)
    findings = list(about_redis(RedisFacts(info={}), names, ONE_SERVER))
    assert amiss(findings) == [("Redis", Level.WARNING)]
    assert "unknown" in words(findings)
