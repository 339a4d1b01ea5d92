"""What is followed here: one task."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from taskbeam.background.log_fields import about
from taskbeam.follow.followed import READ_LIMIT, Followed
from taskbeam.journal.events import Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbeam.follow.followed import CarryOut
    from taskbeam.follow.follower import Follower
    from taskbeam.follow.outputs import Output
    from taskbeam.journal.events import Start
    from taskbeam.journal.history import Absence, History
    from taskbeam.journal.keys import JournalNames, TaskKeys
    from taskbeam.journal.reader import JournalReader
    from taskbeam.queues.audience import Audience


class TaskChannel(Followed):
    """A task, whose id is ``name``; those who look at the queues are told that somebody follows it."""

    __slots__ = ()

    member: ClassVar = b"task_id"

    @staticmethod
    def names(name: str, journals: JournalNames) -> TaskKeys:
        return journals.task(name)

    @property
    def about(self) -> dict[str, str]:
        return about(task_id=self.name)

    def heard(self, channel: bytes, payload: bytes, carry_out: CarryOut) -> None:
        carry_out(channel, self, self.outputs_of(payload))

    def published(self, payload: bytes) -> list[Output[Follower]]:
        return self.rules.published(Record.parse(payload))

    def read(
        self,
        journal: JournalReader,
        after: Start,
        then: Callable[[History | Absence | Exception], None],
    ) -> None:
        journal.ask(self.keys, after, READ_LIMIT, then, text=True)

    def watched(self, audience: Audience, history: History) -> None:
        if history.waits:
            audience.follow(self.name, self.keys)

    def unwatched(self, audience: Audience) -> None:
        audience.unfollow(self.name)
