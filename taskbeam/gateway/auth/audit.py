"""The audit log: who changed what about keys and tokens, when, and from where.

Each entry is a line of the logger `taskbeam.audit`, and kept in Redis, which forgets the oldest. No entry has
a secret.
"""

from __future__ import annotations

import getpass
import json
import logging
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from taskbeam.journal.control_keys import ControlKeys

logger = logging.getLogger("taskbeam.audit")

#: Entries that Redis keeps.
KEPT = 10_000


class Actor(NamedTuple):
    """``who`` did it: ``key:<id>``, or ``cli:<user>``; ``origin``: an address, or a machine's name."""

    who: str
    origin: str

    @classmethod
    def at_this_machine(cls) -> Actor:
        """Whoever runs a command."""
        try:
            user = getpass.getuser()
        except (KeyError, OSError):  # a container's user may have no name
            user = "unknown"
        return cls(f"cli:{user}", socket.gethostname())


@dataclass(frozen=True, slots=True)
class Entry:
    """``at``: Unix seconds by Redis' clock. ``target``: ``key:<id>``, ``token:<jti>`` or ``owner:<name>``."""

    at: float
    who: str
    action: str
    target: str
    origin: str
    detail: str


class Audit:
    """The log that all gateways and commands on one Redis share."""

    def __init__(self, redis: Redis, control: ControlKeys) -> None:
        self._redis = redis
        self._control = control

    async def record(self, actor: Actor, action: str, target: str, **details: object) -> None:
        """Add an entry, such as ``create_key``; raises redis-py's errors when it is in the log already."""
        detail = json.dumps(details, sort_keys=True)
        fields: dict[Any, Any] = {
            "who": actor.who,
            "action": action,
            "target": target,
            "origin": actor.origin,
            "detail": detail,
        }
        # JSON, so that no name makes a line of its own.
        logger.info("%s", json.dumps(fields, sort_keys=True), extra={"audit": fields})
        await self._redis.xadd(self._control.audit, fields, maxlen=KEPT, approximate=True)

    async def newest(self, count: int) -> list[Entry]:
        """The latest entries, newest first; raises redis-py's errors."""
        found: Any = await self._redis.xrevrange(self._control.audit, count=count)
        return [_entry(entry_id, fields) for entry_id, fields in found]


def _entry(entry_id: bytes, fields: dict[bytes, bytes]) -> Entry:
    text = {name.decode(): value.decode(errors="replace") for name, value in fields.items()}
    return Entry(at=int(entry_id.partition(b"-")[0]) / 1000, **text)
