"""Begin to follow a task before the transport is chosen: the answer to a client depends on the journal."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from taskbeam.follow.filters import filtered
from taskbeam.follow.task_channel import TaskChannel
from taskbeam.gateway.delivery.mailbox import Mailbox
from taskbeam.gateway.problems import PROBLEM_OF_END, UNAVAILABLE, TaskbeamError
from taskbeam.gateway.shutdown import LAST_PATIENCE
from taskbeam.tracing.current import current_span

if TYPE_CHECKING:
    from taskbeam.follow.filters import Filter
    from taskbeam.follow.followed import Followed
    from taskbeam.follow.follower import Follower, Sink
    from taskbeam.follow.hub import Hub
    from taskbeam.gateway.delivery.part import Part
    from taskbeam.gateway.shutdown import Shutdown
    from taskbeam.measures.follow_counts import FollowCounts


class Opening:
    """A follower that was admitted, and its first events, not yet sent."""

    def __init__(
        self,
        follower: Follower,
        mailbox: Mailbox,
        filter: Filter | None,  # noqa: A002
        counts: FollowCounts,
    ) -> None:
        self.follower = follower
        self._counts = counts
        self.mailbox = mailbox
        self._filter = filter

    @property
    def nothing_left(self) -> bool:
        """The client has all events of a task that has ended."""
        return self.mailbox.exhausted

    def attach(self, sink: Sink) -> None:
        """Hand the first events over; from now on the sink gets them directly."""
        self.follower.sink = filtered(sink, self._filter, self._counts)
        events = self.mailbox.take_now()
        sink.deliver(events)
        if self.mailbox.end is not None:
            sink.finish(self.mailbox.end)


async def open_task(
    hub: Hub,
    name: str,
    part: Part,
    seconds: float,
    shutdown: Shutdown,
    kind: type[Followed] = TaskChannel,
    mailbox: Mailbox | None = None,
) -> Opening:
    """Follow a part of a task, or of what is a ``kind`` and has the ``name``; Redis has so many ``seconds``.

    It has less after the ``shutdown`` has begun: nobody stops while a request is under way. The events go to
    the ``mailbox``, or to a new one.
    Raises `TaskbeamError`: ``unknown_task`` or ``unavailable``.
    """
    mailbox = mailbox or Mailbox()
    sink = filtered(mailbox, part.filter, hub.counts)
    follower = hub.follow(name, part.start, sink, kind, current_span())
    mailbox.belongs_to(follower)
    try:
        async with asyncio.timeout(seconds) as deadline:
            with shutdown.watched_by(partial(_hurry, deadline)):
                await mailbox.first_delivery()
    except BaseException as error:
        follower.cancel()
        if isinstance(error, TimeoutError):
            raise TaskbeamError(UNAVAILABLE) from error
        raise
    if mailbox.end in PROBLEM_OF_END:
        raise TaskbeamError(PROBLEM_OF_END[mailbox.end])
    return Opening(follower, mailbox, part.filter, hub.counts)


def _hurry(deadline: asyncio.Timeout) -> None:
    soon = asyncio.get_running_loop().time() + LAST_PATIENCE
    deadline.reschedule(min(deadline.when() or soon, soon))
