"""What `taskbeam doctor` makes of what it found. Pure: facts in, findings out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: Milliseconds that Redis' clock and this machine's may differ before tokens and times look wrong.
CLOCK_TOLERANCE = 2000.0

#: Bytes that Redis may hold back for a subscriber before it cuts it: a gateway that is busy for a moment.
SMALL_BUFFER = 8 * 1024 * 1024

#: Descriptors that a gateway needs beside its connections to clients.
OWN_DESCRIPTORS = 100

OLDEST_REDIS = (6, 2)


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """``what`` was found about a subject, and what to ``do`` about it; nothing where all is well."""

    level: Level
    subject: str
    what: str
    do: str = ""


def ok(subject: str, what: str) -> Finding:
    return Finding(Level.OK, subject, what)


def about_redis(
    info: Mapping[str, Any], buffer_limit: str | None, clock_difference: float
) -> Iterator[Finding]:
    """``info``: Redis' INFO. ``buffer_limit``: its `client-output-buffer-limit`, None where it may not be
    read.

    ``clock_difference``: milliseconds.
    """
    version = str(info.get("valkey_version") or info.get("redis_version") or "0")
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers < OLDEST_REDIS:
        yield Finding(
            Level.PROBLEM, "Redis", f"version {version} is too old", "Use Redis 6.2, Valkey 7.2, or later."
        )
    else:
        yield ok("Redis", f"version {version}")
    yield _eviction(info)
    yield _persistence(info)
    if buffer_limit is not None:
        yield _buffer(buffer_limit)
    if abs(clock_difference) > CLOCK_TOLERANCE:
        yield Finding(
            Level.WARNING,
            "Clock",
            f"Redis' clock and this machine's differ by {abs(clock_difference) / 1000:.1f} s",
            "Synchronise both (NTP): tokens and times in events would look wrong.",
        )
    else:
        yield ok("Clock", "Redis' clock and this machine's agree")


def _eviction(info: Mapping[str, Any]) -> Finding:
    policy, most = str(info.get("maxmemory_policy", "noeviction")), int(info.get("maxmemory", 0))
    if most and policy != "noeviction":
        return Finding(
            Level.PROBLEM,
            "Eviction",
            f"Redis drops keys when it is full (maxmemory-policy {policy})",
            "Set maxmemory-policy to noeviction: an evicted journal loses a task's events.",
        )
    return ok(
        "Eviction", "Redis drops no keys" if most else "Redis' memory has no limit, so it drops no keys"
    )


def _persistence(info: Mapping[str, Any]) -> Finding:
    if int(info.get("aof_enabled", 0)):
        return ok("Persistence", "the append-only file is on")
    return Finding(
        Level.WARNING,
        "Persistence",
        "the append-only file is off: a restart of Redis loses events since the last snapshot",
        "Set appendonly yes, or accept that clients get a gap after a restart.",
    )


def _buffer(limit: str) -> Finding:
    """``limit``: "normal 0 0 0 slave … pubsub 33554432 8388608 60"."""
    words = limit.split()
    hard, soft = (int(words[words.index("pubsub") + each]) for each in (1, 2))
    smallest = min((each for each in (hard, soft) if each), default=0)
    if smallest and smallest < SMALL_BUFFER:
        return Finding(
            Level.WARNING,
            "Output buffer",
            f"Redis cuts a subscriber that is {smallest} bytes behind",
            "Set client-output-buffer-limit pubsub to 32mb 8mb 60 or more.",
        )
    return ok("Output buffer", "a gateway that is slow for a moment is not cut")


def about_broker(failure: str | None) -> Finding:
    """``failure``: why it cannot be reached."""
    if failure is None:
        return ok("Broker", "it can be reached")
    return Finding(Level.PROBLEM, "Broker", failure, "Tasks cannot be sent or cancelled until it is there.")


def lease_name(nodename: str, pid: int, leased: Sequence[str]) -> str:
    """What a worker's lease is called, `host:pid`, where Celery calls it ``nodename`` (`name@host`).

    The host in a nodename may be chosen freely: then the one lease with the same ``pid`` is taken for its
    own.
    """
    name = f"{nodename.partition('@')[2]}:{pid}"
    same = [each for each in leased if each.rpartition(":")[2] == str(pid)]
    return same[0] if name not in leased and len(same) == 1 else name


def about_workers(answering: Sequence[str], leased: Sequence[str]) -> Iterator[Finding]:
    """``answering``: workers that answer to remote control; ``leased``: those with a lease in our Redis."""
    for name in sorted({*answering, *leased}):
        if name not in leased:
            yield Finding(
                Level.PROBLEM,
                "Worker",
                f"{name} answers and keeps no journal on this Redis",
                "Give it the same result_backend (taskbeam+…), and install the same version of taskbeam.",
            )
        elif name not in answering:
            yield Finding(
                Level.WARNING,
                "Worker",
                f"{name} holds a lease and does not answer to remote control",
                "If it was just stopped, wait; else tasks are cancelled there only between two reports.",
            )
        else:
            yield ok("Worker", f"{name} answers, and keeps its journals here")
    if not answering and not leased:
        yield Finding(Level.WARNING, "Worker", "no worker answers", "Start one: celery -A yourapp worker")


def about_descriptors(soft_limit: int, connections: int) -> Finding:
    """``soft_limit``: open files of a process; ``connections``: that a gateway may have."""
    if soft_limit < connections + OWN_DESCRIPTORS:
        return Finding(
            Level.PROBLEM,
            "Open files",
            f"a process may have {soft_limit}, and the gateway takes up to {connections} connections",
            f"Run `ulimit -n {connections + OWN_DESCRIPTORS}` before it, or lower TASKBEAM_MAX_CONNECTIONS.",
        )
    return ok("Open files", f"a process may have {soft_limit}")


def about_keys(error: str | None, *, open_to_all: bool) -> Finding:
    """``error``: why the token keys cannot be used."""
    if open_to_all:
        return Finding(
            Level.WARNING,
            "Tokens",
            "TASKBEAM_AUTH=open: whoever knows a task's id reads and cancels it",
            "In production, unset it and set TASKBEAM_TOKEN_KEYS (taskbeam keys new).",
        )
    if error is not None:
        return Finding(
            Level.PROBLEM, "Tokens", error, "Set TASKBEAM_TOKEN_KEYS to what `taskbeam keys new` prints."
        )
    return ok("Tokens", "the keys can be used")


def about_variables(lines: Sequence[str]) -> Iterator[Finding]:
    """``lines``: what `unknown_variables` says."""
    for line in lines:
        yield Finding(Level.WARNING, "Environment", line, "Correct its name, or unset it.")
