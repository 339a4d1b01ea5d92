"""A service that is told of each end: its server, and the sender that tells it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.support.receiver import receiving, said
from tests.support.results import control

from .stage import Stage, due_now, staged, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import redis

    from taskbeam.notifications.members import End, Message
    from taskbeam.notifications.target import Target
    from tests.support.journal import Journals, Task
    from tests.support.receiver import Act, Receiver

OK = said("HTTP/1.1 200 OK\ncontent-length: 2\n\nok")


def status(number: int, more: str = "") -> Act:
    length = "" if number == 204 else "content-length: 0\n"
    return said(f"HTTP/1.1 {number} Some words\n{more}{length}\n")


class Scene(NamedTuple):
    """``target`` is the service's webhook."""

    store: redis.Redis
    journals: Journals
    receiver: Receiver
    stage: Stage
    target: Target

    def end(self) -> Task:
        """A task ends, and nobody waits for the message."""
        task = self.journals.task()
        task.finish()
        due_now(self.store)
        return task

    def put(self, due: End | Message) -> None:
        """It is due."""
        self.store.zadd(control().notify_due, {str(due): 0})

    async def until_done(self) -> None:
        """Nothing is due, now or later."""
        await until(lambda: not self.store.exists(control().notify_due, control().notify_tries))

    async def until_in_vain(self) -> None:
        """A message was sent once, and not taken."""
        await until(lambda: self.store.hvals(control().notify_tries) == ["1"])

    async def kept(self) -> Target:
        """The webhook as it is now."""
        target = await self.stage.targets.get(self.target.id)
        assert target is not None
        return target


class Scenes(NamedTuple):
    """Makes them, over the server at ``url``."""

    url: str
    store: redis.Redis
    journals: Journals

    @asynccontextmanager
    async def of(self, act: Act, webhook: dict[str, Any] | None = None, **stage: Any) -> AsyncIterator[Scene]:
        """The service answers as ``act`` does; the others are the members of its webhook, and of `staged`."""
        async with receiving(act) as receiver, staged(self.url, **stage) as staging:
            target = await staging.webhook(receiver, **(webhook or {}))
            yield Scene(self.store, self.journals, receiver, staging, target)
