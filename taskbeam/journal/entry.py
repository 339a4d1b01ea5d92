"""What a writer hands to the append script, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from os import urandom
from typing import TYPE_CHECKING

from taskbeam.events import EventId

if TYPE_CHECKING:
    from taskbeam.keys import TaskKeys

#: Records that a task's log keeps; older ones are dropped, and a client that wanted them gets a gap.
DEFAULT_LIMIT = 1000


def new_token() -> str:
    """A short random name, unique among the last few calls (or the runs) of one task."""
    return urandom(4).hex()


class Verdict(StrEnum):
    """What the script did with an entry."""

    APPENDED = "appended"
    REPEATED = "repeated"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Appended:
    """The verdict, and the id of the entry's event (of the journal's last event when refused)."""

    verdict: Verdict
    id: EventId

    @classmethod
    def from_reply(cls, reply: list[bytes | str | int]) -> Appended:
        """Read the script's ``{verdict, epoch, seq}``; the connection may decode replies or not."""
        verdict, epoch, seq = (part.decode() if isinstance(part, bytes) else part for part in reply)
        return cls(Verdict(str(verdict)), EventId(int(epoch), int(seq)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event to append. The script's own table (append.lua) says what each field does there.

    ``front`` and ``back`` are the JSON members before and after those that only the script knows
    (id, name, attempt), so that the body is encoded once, here, and never parsed again.
    """

    keys: TaskKeys
    type: str
    front: str
    back: str
    state: str = ""
    run: str = ""
    birth: bool = False
    final: bool = False
    ends_run: bool = False
    ttl: int = 0
    limit: int = DEFAULT_LIMIT
    name: str = ""
    meta: str | bytes = b""
    sharded: bool = False
    token: str = field(default_factory=new_token)

    def script_keys(self) -> tuple[str, str, str]:
        """The script's KEYS."""
        return self.keys.result, self.keys.head, self.keys.log

    def script_args(self) -> tuple[str | bytes | int, ...]:
        """The script's ARGV, in its order."""
        return (
            self.token,
            self.run,
            self.state,
            int(self.birth),
            int(self.final),
            int(self.ends_run),
            self.ttl,
            self.limit,
            self.name,
            self.type,
            self.front,
            self.back,
            self.meta,
            self.keys.channel,
            "SPUBLISH" if self.sharded else "PUBLISH",
        )
