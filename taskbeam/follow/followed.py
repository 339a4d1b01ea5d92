"""What is followed here, a task or a feed: the names of its keys, and the rules."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, ClassVar

from taskbeam.follow.channel import Channel

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from taskbeam.follow.follower import Follower
    from taskbeam.follow.outputs import Output
    from taskbeam.journal.events import EventId, Start
    from taskbeam.journal.history import Absence, History
    from taskbeam.journal.keys import JournalNames, TaskKeys
    from taskbeam.journal.reader import JournalReader
    from taskbeam.queues.audience import Audience

    #: The hub's: do what the rules of what is followed on a Redis channel ask for.
    CarryOut = Callable[[bytes, "Followed", list[Output[Follower]]], None]

logger = logging.getLogger(__name__)

#: Records that one read brings at the most, so that a long replay is written in pieces.
READ_LIMIT = 500


class Followed:
    """One of them on this gateway; ``name`` is the task's id or the feed's name."""

    __slots__ = ("keys", "name", "next_look", "rules")

    #: What an event calls it.
    member: ClassVar[bytes]

    #: The cursor of whoever has none.
    start: ClassVar[EventId | None] = None

    def __init__(self, name: str, keys: TaskKeys, is_evidence: Callable[[EventId | None], bool]) -> None:
        self.name = name
        self.keys = keys
        self.rules: Channel[Follower] = Channel(is_evidence)
        self.next_look: asyncio.TimerHandle | None = None

    @staticmethod
    def names(name: str, journals: JournalNames) -> TaskKeys:
        """The names of its keys."""
        raise NotImplementedError

    @property
    def about(self) -> dict[str, str]:
        """The fields of a log record about it."""
        return {}

    def heard(self, channel: bytes, payload: bytes, carry_out: CarryOut) -> None:
        """Redis published it on the ``channel``. What follows of it is carried out now or soon."""
        raise NotImplementedError

    def read(
        self,
        journal: JournalReader,
        after: Start,
        then: Callable[[History | Absence | Exception], None],
    ) -> None:
        """Read its journal after the cursor."""
        raise NotImplementedError

    def watched(self, audience: Audience, history: History) -> None:
        """Its journal was read for somebody who follows it."""

    def unwatched(self, audience: Audience) -> None:
        """Nobody follows it any more."""

    def outputs_of(self, payload: bytes) -> list[Output[Follower]]:
        """What follows of a published record; what is none is ignored."""
        try:
            return self.published(payload)
        except ValueError:
            logger.warning("%s: ignoring a message that is no Taskbeam record", self.name, extra=self.about)
            return []

    def published(self, payload: bytes) -> list[Output[Follower]]:
        """The same; raises `ValueError` for what is no record."""
        raise NotImplementedError
