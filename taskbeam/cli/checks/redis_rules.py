"""What to think of a Redis server, from the facts about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbeam.cli.checks.finding import Finding, ok, problem, warning
from taskbeam.gateway.dashboard.every_event import channel_pattern
from taskbeam.journal.cluster_keys import ClusterKeys
from taskbeam.journal.eviction import ADVICE, evicting_policy
from taskbeam.journal.keys import ShardedKeys, TaskKeys

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from taskbeam.cli.checks.redis_facts import RedisFacts
    from taskbeam.journal.control_keys import ControlKeys
    from taskbeam.journal.keys import JournalNames

#: The oldest Redis that has all commands (GETDEL, ZMSCORE), and the oldest with sharded channels.
OLDEST, OLDEST_SHARDED = (6, 2), (7, 0)

#: Seconds by which two clocks may differ before tokens and times look wrong.
CLOCK_TOLERANCE = 2.0

#: Bytes that Redis may hold back for a subscriber before it cuts it: a gateway that is busy for a moment.
SMALL_BUFFER = 8 * 1024 * 1024

#: What to do where the URL names one server of a cluster.
FOR_A_CLUSTER = 'Set result_backend = "taskbeam+rediscluster://host:port,host:port" for workers and gateways.'

#: The part of `maxmemory` that may be in use.
FULL = 0.9


def about_redis(facts: RedisFacts, names: JournalNames, control: ControlKeys) -> Iterator[Finding]:
    """The server with the journals; ``names`` and ``control`` as the gateway has them."""
    if facts.info:
        yield _version(facts.info, sharded=names.kind.publish == ShardedKeys.publish)
        yield from _role(facts, names.kind)
        yield from about_keeping(facts.info, facts.configured.get("save"))
    else:
        yield warning(
            "Redis", "this user may not read INFO, so much is unknown", "Allow it for this check: +info"
        )
    yield _permissions(facts.refused, names, control)
    yield _buffer(facts.configured.get("client-output-buffer-limit"))
    yield _clock(facts.clock_difference)


def about_keeping(info: Mapping[str, Any], save: str | None, where: str = "") -> Iterator[Finding]:
    """Whether the server keeps what it is given: eviction, memory, persistence.

    ``save``: its setting of that name, None if unknown. ``where``: stands before the subjects.
    """
    yield _eviction(info, f"{where}Eviction")
    yield from _memory(info, f"{where}Memory")
    yield _persistence(info, save, f"{where}Persistence")


def _version(info: Mapping[str, Any], *, sharded: bool) -> Finding:
    # Valkey says, for older clients, which Redis it is like.
    version = str(info.get("redis_version", "0"))
    name = f"Valkey {info['valkey_version']}" if "valkey_version" in info else f"Redis {version}"
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers < OLDEST:
        return problem("Redis", f"{name} is too old", "Use Redis 6.2, Valkey 7.2, or later.")
    if sharded and numbers < OLDEST_SHARDED:
        return problem("Redis", f"{name} has no sharded channels", "Use Redis 7, or do not set `sharded`.")
    return ok("Redis", name)


def _role(facts: RedisFacts, kind: type[TaskKeys]) -> Iterator[Finding]:
    if facts.info.get("role") == "slave":
        yield problem("Redis", "it is a replica, which refuses writes", "Connect to the master.")
    if not int(facts.info.get("cluster_enabled", 0)) or kind is ClusterKeys:
        return
    if facts.masters > 1:
        yield problem(
            "Redis",
            f"it is one of {facts.masters} masters of a cluster, and the others have most tasks' slots",
            FOR_A_CLUSTER,
        )
    elif kind is TaskKeys:
        yield problem(
            "Redis", "it is a cluster, and events are published to ordinary channels", FOR_A_CLUSTER
        )


def _eviction(info: Mapping[str, Any], subject: str) -> Finding:
    policy = evicting_policy(info)
    if policy:
        return problem(subject, f"Redis drops keys when it is full (maxmemory-policy {policy})", ADVICE)
    limited = int(info.get("maxmemory", 0))
    return ok(
        subject, "Redis drops no keys" if limited else "Redis' memory has no limit, so it drops no keys"
    )


def _memory(info: Mapping[str, Any], subject: str) -> Iterator[Finding]:
    used, limit = int(info.get("used_memory", 0)), int(info.get("maxmemory", 0))
    if limit and used > FULL * limit:
        yield warning(
            subject,
            f"{used / limit:.0%} of maxmemory are in use",
            "Give it more, or keep results for a shorter time (result_expires): a full Redis refuses writes.",
        )


def _persistence(info: Mapping[str, Any], save: str | None, subject: str) -> Finding:
    writes = {"append-only file": "aof_last_write_status", "snapshot": "rdb_last_bgsave_status"}
    for what, status in writes.items():
        if info.get(status, "ok") != "ok":
            return problem(
                subject,
                f"the last write of the {what} failed, and Redis may refuse writes",
                "Look at Redis' log, its disk and its permissions.",
            )
    if int(info.get("aof_enabled", 0)):
        return ok(subject, "the append-only file is on")
    if save == "":
        what = "nothing is kept on disk: a restart of Redis loses everything"
    else:
        what = "the append-only file is off: a crash of Redis loses what came since its last snapshot"
    return warning(subject, what, "Set appendonly yes, or accept that clients see a gap, and tasks are lost.")


def _permissions(refused: Mapping[str, str], journals: JournalNames, control: ControlKeys) -> Finding:
    if not refused:
        return ok("Permissions", "the gateway may give every command that it needs")
    keys = [name for name, why in refused.items() if "key" in why]
    channels = [name for name, why in refused.items() if "channel" in why]
    names = [name for name in refused if name not in (*keys, *channels)]
    said = [
        *([f"may not give {', '.join(names)}"] if names else []),
        *([f"may not use our keys ({', '.join(keys)})"] if keys else []),
        *([f"may not use our channels ({', '.join(channels)})"] if channels else []),
    ]
    rights = [
        *(f"+{name.lower().replace(' ', '|')}" for name in names),
        *(f"'~{begin}*'" for begin in (control.prefix, *_begins(journals)) if keys),
        *(f"'&{begin}*'" for begin in _begins(journals) if channels),
        # Redis compares a pattern with those that are allowed letter by letter.
        *([f"'&{channel_pattern(journals.prefix)}'"] if "PSUBSCRIBE" in channels else []),
    ]
    return problem("Permissions", f"this user {'; '.join(said)}", f"ACL SETUSER … {' '.join(rights)}")


def _begins(journals: JournalNames) -> tuple[str, ...]:
    """How the keys and channels of its tasks begin; on a cluster also those of ids with braces."""
    usual = (journals.prefix, f"{{{journals.prefix}")
    return (
        (*usual, f":{journals.prefix}", f"{{*}}{journals.prefix}") if journals.kind is ClusterKeys else usual
    )


def _buffer(limit: str | None) -> Finding:
    """``limit``: "normal 0 0 0 slave … pubsub 33554432 8388608 60"."""
    if limit is None:
        return ok("Output buffer", "unknown (CONFIG may not be read); Redis' default is enough")
    words = limit.split()
    hard, soft = (int(words[words.index("pubsub") + each]) for each in (1, 2))
    smallest = min((each for each in (hard, soft) if each), default=0)
    if smallest and smallest < SMALL_BUFFER:
        return warning(
            "Output buffer",
            f"Redis cuts a subscriber that is {smallest} bytes behind",
            "Set client-output-buffer-limit pubsub to 32mb 8mb 60 or more.",
        )
    return ok("Output buffer", "a gateway that is slow for a moment is not cut")


def _clock(difference: float) -> Finding:
    if abs(difference) <= CLOCK_TOLERANCE:
        return ok("Clock", "Redis' clock and this machine's agree")
    where = "ahead of" if difference > 0 else "behind"
    return warning(
        "Clock",
        f"Redis' clock is {abs(difference):.1f} s {where} this machine's",
        "Synchronise both (NTP): else revoking an owner spares tokens, and times in events look wrong.",
    )
