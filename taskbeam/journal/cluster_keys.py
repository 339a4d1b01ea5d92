"""The names of one task on a Redis Cluster: in the slot of Celery's own key, whatever braces that has.

Of a name Redis hashes what is between the first ``{`` and the first ``}`` behind it, unless that is nothing,
and else all of it. Celery does not know that, so an id or a `global_keyprefix` may have braces.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from redis.crc import REDIS_CLUSTER_HASH_SLOTS as SLOTS
from redis.crc import key_slot

from taskbeam.journal.keys import ShardedKeys


@dataclass(frozen=True, slots=True)
class ClusterKeys(ShardedKeys):
    """As those of one server, where Celery's key has no closing brace.

    Whatever the braces, no name is that of another task, nor Celery's key of one under the same prefix.
    """

    beside_control: ClassVar[bool] = False

    @property
    def stem(self) -> str:
        return stem(self.result)


def stem(result: str) -> str:
    """What stands before the colon in the names of a task; no two results have the same."""
    if "}" not in result:
        return f"{{{result}}}"
    if hash_tag(result):
        return f":{result}"
    # All of it is hashed, and no tag can have its braces: one does that is hashed to the same slot.
    return f"{{{_tags()[key_slot(result.encode())]}}}{result}"


def hash_tag(name: str) -> str:
    """The part of a name that is hashed; '' = all of it."""
    _, _, behind = name.partition("{")
    tag, closed, _ = behind.partition("}")
    return tag if closed else ""


@cache
def _tags() -> dict[int, str]:
    """One for each slot: of numbers with 14 binary digits each has another, for CRC16 is linear."""
    return {key_slot(tag.encode()): tag for tag in (f"{number:014b}" for number in range(SLOTS))}
