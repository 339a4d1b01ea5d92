"""The webhooks of an owner, or of the application: made, listed, rotated, tried, and told again."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from taskbeam.journal.events import EventId
from taskbeam.notifications.configured import OF_SETTINGS
from taskbeam.notifications.ended import read_ended
from taskbeam.notifications.members import End, Message
from taskbeam.notifications.target import Filter, Target
from taskbeam.notifications.targets import NoSuchTargetError
from taskbeam.notifications.webhook import new_secret, trial

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from taskbeam.journal.exchange import Exchange
    from taskbeam.journal.keys import TaskKeys
    from taskbeam.notifications.due import DueSet
    from taskbeam.notifications.health import Health
    from taskbeam.notifications.records import Delivery, Records
    from taskbeam.notifications.targets import TargetStore
    from taskbeam.outgoing.answer import Answer
    from taskbeam.outgoing.endpoint import Endpoint
    from taskbeam.outgoing.requests import Outgoing

#: Webhooks of one owner.
MOST_OF_OWNER = 20

#: Secrets that sign: the newest, and the one before, until its owner has moved to the other.
GOOD_SECRETS = 2


class TooManyWebhooksError(Exception):
    """The owner has as many as one may have."""


class NoSuchDeliveryError(LookupError):
    """No try at such a message is kept, or its task's journal has expired."""


class Kept(NamedTuple):
    """A webhook, and how sending to it goes."""

    target: Target
    health: Health


class Webhooks:
    """All of it raises redis-py's errors.

    Each method that names a webhook raises `NoSuchTargetError` where it is not the owner's; ``owner`` None is
    the application. Those of the settings are changed there: they count as none of the application's.

    Args:
        journals: by what journals are read.
        targets, records, due: what the sender of notifications works with.
        outgoing: by which a trial leaves.
        keys: the names of a task's journal in Redis.
        endpoint: reads a URL; raises `BadEndpointError`.
    """

    def __init__(
        self,
        journals: Exchange,
        targets: TargetStore,
        records: Records,
        due: DueSet,
        outgoing: Outgoing,
        keys: Callable[[str], TaskKeys],
        endpoint: Callable[[str], Endpoint],
    ) -> None:
        self._journals = journals
        self._targets = targets
        self._records = records
        self._due = due
        self._outgoing = outgoing
        self._keys = keys
        self._endpoint = endpoint

    async def create(self, owner: str | None, url: str, wanted: Filter) -> Target:
        """Make one, with a secret of its own.

        Raises `BadEndpointError` where requests do not go to ``url``, and `TooManyWebhooksError`.
        """
        endpoint = self._endpoint(url)
        target = Target(
            id=Target.new_id("webhook"),
            kind="webhook",
            owner=owner,
            url=endpoint.url,
            every=True,
            created=time.time(),
            wanted=wanted,
            secrets=(new_secret(),),
        )
        await self._targets.put(target, _has_room)
        return target

    async def of_owner(self, owner: str | None) -> list[Target]:
        """All that an owner has, the oldest first."""
        return [target for target in await self._targets.of_owner(owner) if _is_made(target)]

    async def rows(self, owner: str | None) -> list[Kept]:
        """The same, with what came of the last messages."""
        return [Kept(target, await self._records.health(target.id)) for target in await self.of_owner(owner)]

    async def find(self, owner: str | None, webhook_id: str) -> Target:
        """One of them."""
        target = await self._targets.get(webhook_id)
        if target is None or target.owner != owner or not _is_made(target):
            raise NoSuchTargetError(webhook_id)
        return target

    async def rotate(self, owner: str | None, webhook_id: str) -> Target:
        """Give it another secret; the one before signs, too, until the next time."""
        await self.find(owner, webhook_id)
        made = new_secret()
        return await self._targets.change(
            webhook_id, lambda one: one.changed(secrets=(made, *one.secrets)[:GOOD_SECRETS])
        )

    async def enable(self, owner: str | None, webhook_id: str) -> Target:
        """Send to it again; what was given up meanwhile stays so."""
        await self.find(owner, webhook_id)
        await self._records.forgive(webhook_id)
        return await self._targets.change(webhook_id, lambda one: one.changed(disabled=None))

    async def remove(self, owner: str | None, webhook_id: str) -> None:
        """Forget it, and what is due to it."""
        await self.find(owner, webhook_id)
        await self._targets.remove(webhook_id)

    async def test(self, owner: str | None, webhook_id: str) -> Answer:
        """Send it a message about no task, now; returns what came of it."""
        target = await self.find(owner, webhook_id)
        request = trial(target, datetime.now(UTC))
        return await self._outgoing.post(self._endpoint(target.url), request.headers, request.body)

    async def deliveries(self, owner: str | None, webhook_id: str) -> list[Delivery]:
        """The last tries to tell it, the newest first."""
        await self.find(owner, webhook_id)
        return await self._records.deliveries(webhook_id)

    async def replay(self, owner: str | None, webhook_id: str, message_id: str) -> None:
        """Send a message once more, under its id, whatever came of it. Raises `NoSuchDeliveryError`."""
        for delivery in await self.deliveries(owner, webhook_id):
            if delivery.message == message_id:
                end = End(EventId.parse(delivery.event), delivery.task_id)
                if await read_ended(self._journals, self._keys(end.task_id), end) is not None:
                    await self._due.again(Message(webhook_id, end))
                    return
        raise NoSuchDeliveryError(message_id)


def _has_room(others: Sequence[Target]) -> None:
    """Raise `TooManyWebhooksError` where an owner has as many as one may have."""
    if sum(map(_is_made, others)) >= MOST_OF_OWNER:
        raise TooManyWebhooksError


def _is_made(target: Target) -> bool:
    return target.kind == "webhook" and not target.id.startswith(OF_SETTINGS)
