"""What the rules of following ask for; the hub carries it out in order."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbeam.journal.events import Record, Start
    from taskbeam.journal.history import Gap

M = TypeVar("M", bound=Hashable)


class End(Enum):
    """Why a member gets nothing more."""

    FINISHED = "the final event was delivered"
    UNKNOWN = "the task has no journal, and never had one"
    EXPIRED = "the task's journal has run out"


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Subscribe to the task's Redis channel; `Channel.subscribed` is due for each acknowledgement."""


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Nobody follows the task here any more; the channel can be dropped."""


class Read(NamedTuple):
    """Read the journal after the cursor; `Channel.history` or `Channel.read_failed` is due."""

    after: Start


class Deliver(NamedTuple, Generic[M]):
    """Give the members these records, oldest first, after telling them of the gap, if there is one.

    A member that was admitted with nothing to catch up on, or that waits for a journal which is missing, is
    given an empty delivery.
    """

    members: tuple[M, ...]
    records: Sequence[Record]
    gap: Gap | None = None
    snapshot: Record | None = None


class Stand(NamedTuple, Generic[M]):
    """The members go live: tell each where the tasks of the feed stand, unless it was told so before."""

    members: tuple[M, ...]
    records: Sequence[Record]


@dataclass(frozen=True, slots=True)
class LookLater:
    """There is no journal, though members know the task: `Channel.look_again` is due after a while."""


class Close(NamedTuple, Generic[M]):
    """The members have left; tell them why."""

    members: tuple[M, ...]
    end: End


Output = Subscribe | Unsubscribe | Read | LookLater | Deliver[M] | Stand[M] | Close[M]


def merged(outputs: Sequence[Output[M]]) -> list[Output[M]]:
    """The same with fewer deliveries: one where several follow each other that are for the same members."""
    found: list[Output[M]] = []
    members: tuple[M, ...] | None = None
    records: list[Record] = []
    for output in outputs:
        if not isinstance(output, Deliver):
            members = None
            found.append(output)
        elif output.gap is None and output.members == members:
            records += output.records
        else:
            members, records = output.members, [*output.records]
            found.append(output._replace(records=records))
    return found
