"""Whether a Redis server drops what it has no room for: then journals of tasks that run may vanish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: The policy by which a full Redis refuses writes, and keeps what it has.
SAFE = "noeviction"

ADVICE = "Set maxmemory-policy to noeviction: what is dropped are tasks, their events and their results."


def evicting_policy(info: Mapping[str, Any]) -> str | None:
    """The `maxmemory-policy` of a server that drops keys when it is full, as its INFO says; else None."""
    policy = str(info.get("maxmemory_policy", SAFE))
    return policy if int(info.get("maxmemory", 0)) and policy != SAFE else None


def eviction_warning(infos: Iterable[Mapping[str, Any]]) -> str | None:
    """What a log is to say of the servers of the journals, of which one is enough; None: nothing to fear."""
    policy = next((policy for policy in map(evicting_policy, infos) if policy is not None), None)
    if policy is None:
        return None
    return f"The Redis of the journals drops keys when it is full (maxmemory-policy {policy}). {ADVICE}"
