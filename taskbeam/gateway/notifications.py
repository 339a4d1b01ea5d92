"""Who is told how tasks end, and who tells them: the gateway's part of it."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from taskbeam.background.logger import logger_for
from taskbeam.gateway.push.devices import Devices
from taskbeam.gateway.push.service import PushService
from taskbeam.journal.away import REDIS_AWAY
from taskbeam.notifications.asked import Asked
from taskbeam.notifications.configured import keep_configured
from taskbeam.notifications.due import DueSet
from taskbeam.notifications.post import Post
from taskbeam.notifications.preference_store import PreferenceStore
from taskbeam.notifications.push import push_channel
from taskbeam.notifications.records import Records
from taskbeam.notifications.sender import Sender
from taskbeam.notifications.targets import TargetStore
from taskbeam.notifications.webhook import WEBHOOKS
from taskbeam.notifications.webhooks import Webhooks
from taskbeam.outgoing.endpoint import Endpoint
from taskbeam.outgoing.requests import Outgoing

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Sequence

    from redis.asyncio import Redis

    from taskbeam.journal.control_keys import ControlKeys
    from taskbeam.journal.exchange import Exchange
    from taskbeam.journal.keys import TaskKeys
    from taskbeam.notifications.channel import Channel
    from taskbeam.notifications.configured import Webhook
    from taskbeam.notifications.target import Kind
    from taskbeam.outgoing.addresses import Network
    from taskbeam.push.vapid import Vapid

logger = logger_for(__name__)

#: Seconds until Redis is asked again to keep the settings' webhooks.
AGAIN = 1.0


class Notifications:
    """Keeps the settings' webhooks in Redis, and sends what is due.

    Args:
        redis: the server with what belongs to no task.
        journals: by what journals are read and written.
        control: the names there of what belongs to no task.
        keys: the names of a task's journal in Redis.
        webhooks: those of the settings; None = what another gateway has set stays as it is.
        vapid: who pushes; None = nobody.
        networks: those of ours that requests may go to, by plain HTTP, too.
        critical: patterns of the tasks that no preference of an owner silences.
        counts: what came of the messages, as `Post` counts it.
        sends: whether it sends what is due; else somebody else does.
    """

    def __init__(
        self,
        redis: Redis,
        journals: Exchange,
        control: ControlKeys,
        keys: Callable[[str], TaskKeys],
        webhooks: Sequence[Webhook] | None,
        vapid: Vapid | None,
        networks: Sequence[Network],
        critical: Sequence[str],
        counts: Counter[str],
        *,
        sends: bool,
    ) -> None:
        due, records = DueSet(redis, control), Records(redis, control)
        self._targets = TargetStore(redis, control)
        #: What owners want to hear.
        self.preferences = PreferenceStore(redis, control, critical)
        channels: dict[Kind, Channel] = {"webhook": WEBHOOKS}
        self.push = None
        if vapid is not None:
            channels["push"] = push_channel(vapid)
            asked = Asked(journals, due, self._targets, control)
            devices = Devices(self._targets, asked, keys, networks)
            self.push = PushService(vapid.public_key, devices, records)
        self._configured = webhooks
        self._sends = sends
        self._outgoing = Outgoing(networks)
        endpoint = partial(Endpoint.parse, plain_http=bool(networks), allowed=networks)
        #: Those that owners make.
        self.webhooks = Webhooks(journals, self._targets, records, due, self._outgoing, keys, endpoint)
        post = Post(
            journals,
            due,
            self._targets,
            self.preferences,
            records,
            self._outgoing,
            channels,
            keys,
            endpoint,
            counts,
        )
        self._sender = Sender(due, post)

    async def run(self) -> None:
        """Work until cancelled, or until there is nothing to do for whoever does not send."""
        while self._configured is not None:
            try:
                await keep_configured(self._targets, self._configured)
            except REDIS_AWAY as error:
                logger.warning("Cannot keep the webhooks of TASKBEAM_WEBHOOKS, trying again: %s", error)
                await asyncio.sleep(AGAIN)
            else:
                break
        if self._sends:
            await self._sender.run()

    async def forget_owner(self, owner: str) -> None:
        """Keep nothing of an owner: no device, no webhook, no preference. Raises redis-py's errors."""
        for target in await self._targets.of_owner(owner):
            await self._targets.remove(target.id)
        await self.preferences.put(owner, ())

    async def close(self) -> None:
        """When `run` has ended: let others send what is left, and close the connections."""
        try:
            await self._sender.give_back()
        except REDIS_AWAY as error:
            logger.warning("Cannot reach Redis, so what is left to be notified waits for a minute: %s", error)
        finally:
            await self._outgoing.close()
