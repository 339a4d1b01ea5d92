"""What is followed here: one feed. The rules are a task's, but there are events without numbers, too."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from taskbeam.follow.followed import READ_LIMIT, Followed
from taskbeam.follow.outputs import merged
from taskbeam.follow.tick import Tick
from taskbeam.journal.events import Record, Unnumbered
from taskbeam.journal.feeds.history import START
from taskbeam.journal.feeds.names import FEED, feed_keys
from taskbeam.journal.feeds.reader import ask_feed

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbeam.follow.followed import CarryOut
    from taskbeam.follow.follower import Follower
    from taskbeam.follow.outputs import Output
    from taskbeam.journal.events import EventId, Start
    from taskbeam.journal.history import Absence, History
    from taskbeam.journal.keys import JournalNames, TaskKeys
    from taskbeam.journal.reader import JournalReader

#: What stands before an event without a number, in the place of one: ``- <epoch> <JSON body>``.
_UNNUMBERED = b"- "


class FeedChannel(Followed):
    """A feed; what is published is carried out by `tick`."""

    __slots__ = ("tick",)

    member: ClassVar = b"feed"
    start: ClassVar = START

    def __init__(self, name: str, keys: TaskKeys, is_evidence: Callable[[EventId | None], bool]) -> None:
        super().__init__(name, keys, is_evidence)
        self.tick = Tick()

    @staticmethod
    def names(name: str, journals: JournalNames) -> TaskKeys:
        return feed_keys(name, journals.prefix, journals.kind)

    def heard(self, channel: bytes, payload: bytes, carry_out: CarryOut) -> None:
        loop = asyncio.get_running_loop()
        pause = self.tick.hold(payload, loop.time())
        if pause == 0:
            self._release(channel, carry_out)
        elif pause is not None:
            loop.call_later(pause, self._release, channel, carry_out)

    def _release(self, channel: bytes, carry_out: CarryOut) -> None:
        # Where nobody follows it any more, nothing follows of it, either.
        outputs: list[Output[Follower]] = []
        for payload in self.tick.release(asyncio.get_running_loop().time()):
            outputs += self.outputs_of(payload)
        carry_out(channel, self, merged(outputs))

    def published(self, payload: bytes) -> list[Output[Follower]]:
        if payload.startswith(_UNNUMBERED):
            _, epoch, body = payload.split(b" ", 2)
            return self.rules.mentioned(Unnumbered(body, int(epoch)))
        return self.rules.published(Record.parse(payload))

    def read(
        self,
        journal: JournalReader,
        after: Start,
        then: Callable[[History | Absence | Exception], None],
    ) -> None:
        prefix = self.keys.result.removeprefix(FEED).removesuffix(self.name)
        ask_feed(journal, self.keys, after, READ_LIMIT, then, (self.name, prefix))
