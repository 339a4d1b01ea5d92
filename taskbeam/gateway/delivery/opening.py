"""Begin to follow a task before the transport is chosen: the answer to a client depends on the journal."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from taskbeam.gateway.delivery.mailbox import Mailbox
from taskbeam.gateway.problems import PROBLEM_OF_END, UNAVAILABLE, TaskbeamError

if TYPE_CHECKING:
    from taskbeam.follow.hub import Follower, Hub, Sink
    from taskbeam.journal.events import EventId


class Opening:
    """A follower that was admitted, and its first events, not yet sent."""

    def __init__(self, follower: Follower, mailbox: Mailbox) -> None:
        self.follower = follower
        self.mailbox = mailbox

    @property
    def nothing_left(self) -> bool:
        """The client has all events of a task that has ended."""
        return self.mailbox.exhausted

    def attach(self, sink: Sink) -> None:
        """Hand the first events over; from now on the sink gets them directly."""
        self.follower.sink = sink
        events = self.mailbox.take_now()
        sink.deliver(events)
        if self.mailbox.end is not None:
            sink.finish(self.mailbox.end)


async def open_task(hub: Hub, task_id: str, after: EventId | None, seconds: float) -> Opening:
    """Follow a task, waiting up to ``seconds`` for Redis.

    Raises `TaskbeamError`: ``unknown_task`` or ``unavailable``.
    """
    mailbox = Mailbox()
    follower = hub.follow(task_id, after, mailbox)
    mailbox.belongs_to(follower)
    try:
        async with asyncio.timeout(seconds):
            await mailbox.first_delivery()
    except BaseException as error:
        follower.cancel()
        if isinstance(error, TimeoutError):
            raise TaskbeamError(UNAVAILABLE) from error
        raise
    if mailbox.end in PROBLEM_OF_END:
        raise TaskbeamError(PROBLEM_OF_END[mailbox.end])
    return Opening(follower, mailbox)
