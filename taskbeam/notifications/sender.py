"""Sends what is due. Any number of senders share the queue: one in every gateway, or `taskbeam notify` alone.

A message arrives at least once. Its id stays, however often it is sent, so that a receiver can tell.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from taskbeam.background.log_fields import about
from taskbeam.background.logger import logger_for
from taskbeam.journal.away import REDIS_AWAY
from taskbeam.notifications.ended import note_told, read_ended
from taskbeam.notifications.lanes import SLOW, Lanes
from taskbeam.notifications.members import End, Message

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable, Sequence

    from taskbeam.notifications.due import DueSet, Taken
    from taskbeam.notifications.ended import Ended
    from taskbeam.notifications.lanes import Back
    from taskbeam.notifications.members import Due
    from taskbeam.notifications.post import Job, Post

logger = logger_for(__name__)

#: Requests under way at once.
AT_ONCE = 64

#: Seconds for which what was taken is this sender's: longer than it waits for its turn and is sent.
LEASE = 60.0

#: Seconds between two looks: at most, and while requests are under way, whose hosts may become slow.
LONGEST_PAUSE, WATCHING_PAUSE = 1.0, 0.25


class Sender:
    """Takes from the queue, and lets `Post` send, each host's in their order; ``slow`` is as of `Lanes`."""

    def __init__(self, due: DueSet, post: Post, slow: float = SLOW) -> None:
        self._due = due
        self._post = post
        self._lanes: Lanes[Job] = Lanes(AT_ONCE, slow)
        self._ended = asyncio.Event()
        #: What was taken from the queue, and is neither back there nor done with.
        self._in_hand: set[Due] = set()

    async def run(self) -> None:
        """Send what is due until cancelled; what is in hand then is another's when its lease is over, or by
        `give_back`.
        """
        clock = asyncio.get_running_loop().time
        async with asyncio.TaskGroup() as requests:
            while True:
                self._ended.clear()
                pause = await self._unless_away(self._take()) or WATCHING_PAUSE
                await self._unless_away(self._put_back(self._lanes.look(clock())))
                for host, job in self._lanes.begin(now := clock()):
                    requests.create_task(self._send(host, job, now))
                with suppress(TimeoutError):
                    async with asyncio.timeout(WATCHING_PAUSE if self._lanes.under_way else pause):
                        await self._ended.wait()

    async def give_back(self) -> None:
        """When `run` has ended: what this sender has in hand is another's at once. Raises redis-py's errors.

        A request that was cut off may have been taken, and is made once more, under its id.
        """
        for due in list(self._in_hand):
            await self._due.put_back(due, 0, in_vain=False)
            self._in_hand.discard(due)

    async def _take(self) -> float:
        """Take what is due, as far as there is room; returns the seconds until the next look."""
        room = AT_ONCE - self._lanes.waiting
        if room <= 0:
            return WATCHING_PAUSE
        claim = await self._due.claim(room, LEASE)
        taken = {one.due for one in claim.taken}
        self._in_hand |= taken
        try:
            await self._see_to(claim.taken)
        except REDIS_AWAY:
            self._in_hand -= taken  # their leases end by themselves
            raise
        if claim.taken:
            self._ended.set()  # there may be more
        return min(LONGEST_PAUSE if claim.wait is None else claim.wait, LONGEST_PAUSE)

    async def _see_to(self, taken: Sequence[Taken]) -> None:
        """Ends become messages, and messages wait for their turn."""
        await self._expand([(due, since) for due, since, _ in taken if isinstance(due, End)])
        messages = [(due, tries) for due, _, tries in taken if isinstance(due, Message)]
        jobs = await self._post.prepare(messages)
        self._in_hand.difference_update({message for message, _ in messages} - {job.message for job in jobs})
        now = asyncio.get_running_loop().time()
        offered = [self._lanes.offer(job.endpoint.host, job, now) for job in jobs]
        await self._put_back(back for back in offered if back)

    async def _expand(self, ends: Sequence[tuple[End, int]]) -> None:
        """Ends become messages, as old as they are.

        All journals are asked at once: a cluster's server that is away is waited for once, and holds up no
        end of another one.
        """
        told = []
        for (end, since), ended in zip(ends, await self._read(end for end, _ in ends), strict=True):
            if isinstance(ended, Exception):
                logger.warning(
                    "Cannot read the end of task %s, trying again after %.0f s: %s",
                    end.task_id,
                    LEASE,
                    ended,
                    extra=about(task_id=end.task_id),
                )
            else:
                targets = await self._post.targets.told_of(ended) if ended is not None else []
                await self._due.expand(end, since, [Message(target.id, end) for target in targets])
                told.append(end)
            self._in_hand.discard(end)
        await asyncio.gather(*map(self._note_told, told))

    async def _read(self, ends: Iterable[End]) -> list[Ended | Exception | None]:
        """Each as `read_ended` does, or why it cannot be read now."""

        async def read(end: End) -> Ended | Exception | None:
            try:
                return await read_ended(self._post.journals, self._post.keys(end.task_id), end)
            except REDIS_AWAY as error:
                return error

        return await asyncio.gather(*map(read, ends))

    async def _note_told(self, end: End) -> None:
        try:
            await note_told(self._post.journals, self._post.keys(end.task_id), end)
        except REDIS_AWAY as error:
            logger.warning(
                "Cannot note in the journal of task %s that its end is told, so it may be told again: %s",
                end.task_id,
                error,
                extra=about(task_id=end.task_id),
            )

    async def _send(self, host: str, job: Job, began: float) -> None:
        answered, rest = True, 0.0
        try:
            answered, rest = await self._post.send(job)
        except REDIS_AWAY as error:
            logger.warning(
                "Redis was away while %s was sent, so it may be sent again: %s", job.message.id, error
            )
        except Exception:
            logger.exception("Cannot send %s; it is tried again after %.0f s.", job.message.id, LEASE)
        finally:
            now = asyncio.get_running_loop().time()
            back = self._lanes.ended(host, began, now, answered=answered, rest=rest)
            self._ended.set()
        self._in_hand.discard(job.message)
        await self._unless_away(self._put_back(back))

    async def _put_back(self, back: Iterable[Back[Job]]) -> None:
        for job, seconds in back:
            await self._due.put_back(job.message, seconds, in_vain=False)
            self._in_hand.discard(job.message)

    async def _unless_away(self, step: Awaitable[float | None]) -> float | None:
        """What Redis does not do now is done with a later look, or when a lease is over."""
        try:
            return await step
        except REDIS_AWAY as error:
            logger.warning("Cannot reach Redis for what is to be notified, trying again: %s", error)
            await asyncio.sleep(LONGEST_PAUSE)
            return None
