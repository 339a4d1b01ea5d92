"""The devices of people, among the targets of notifications."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from taskbeam.gateway.problems import INVALID_REQUEST, TOO_MANY, UNKNOWN_TASK, TaskbeamError
from taskbeam.notifications.target import Target
from taskbeam.outgoing.endpoint import BadEndpointError, Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from taskbeam.journal.keys import TaskKeys
    from taskbeam.notifications.asked import Asked
    from taskbeam.notifications.targets import TargetStore
    from taskbeam.outgoing.addresses import Network
    from taskbeam.push.presentation import Presentation
    from taskbeam.push.subscription import PushSubscription

#: Devices of one owner. Browsers make new endpoints and say nothing of the old ones: the one that was heard
#: of longest ago gives way.
MOST_OF_OWNER = 20


class Devices:
    """All of it raises redis-py's errors.

    A device whose owner nobody knows belongs to its id, which only that browser can tell.

    Args:
        targets: where they are kept.
        asked: which of them are told of one task.
        keys: the names of a task's journal in Redis.
        networks: those of ours that requests may go to, by plain HTTP, too.
    """

    def __init__(
        self,
        targets: TargetStore,
        asked: Asked,
        keys: Callable[[str], TaskKeys],
        networks: Collection[Network],
    ) -> None:
        self._targets = targets
        self._asked = asked
        self._keys = keys
        self._endpoint = partial(Endpoint.parse, plain_http=bool(networks), allowed=networks)

    async def keep(
        self,
        subscription: PushSubscription,
        presentation: Presentation,
        owner: str | None,
        browser: str,
        *,
        every: bool = False,
    ) -> str:
        """Keep a device, as its latest owner's, and return its id.

        ``browser``: what it is called. ``every``: it is told of all of the owner's tasks from here on;
        else that stays as it is.
        Raises `TaskbeamError` ``invalid_request`` where requests do not go to its endpoint.
        """
        try:
            endpoint = self._endpoint(subscription.endpoint)
        except BadEndpointError as error:
            raise TaskbeamError(INVALID_REQUEST, f"The endpoint cannot be used: {error}") from None
        device = subscription.device_of(owner)
        whose = owner if owner is not None else device
        before = await self._targets.get(device)
        told_of_all = before is not None and before.every
        now = time.time()
        await self._targets.put(
            Target(
                id=device,
                kind="push",
                owner=whose,
                url=endpoint.url,
                every=every or told_of_all,
                created=now if before is None else before.created,
                heard=now,
                keys=subscription.keys.model_dump(),
                presentation=presentation,
                browser=browser,
            )
        )
        for oldest in (await self.of_owner(whose))[:-MOST_OF_OWNER]:
            await self._targets.remove(oldest.id)
        return device

    async def tell(
        self,
        task_id: str,
        subscription: PushSubscription,
        presentation: Presentation,
        owner: str | None,
        browser: str,
    ) -> str:
        """Keep a device as `keep` does, and let it be told of the end of a task; at once, where that is over.

        One that was not there before, and is told of nothing, is forgotten: nothing but their tasks bounds
        nobody's devices. Raises as `keep`; also ``unknown_task``, and ``too_many`` where enough are
        told of this task.
        """
        before = await self._targets.get(subscription.device_of(owner))
        device = await self.keep(subscription, presentation, owner, browser)
        try:
            await self._ask(device, task_id)
        except TaskbeamError:
            if before is None:
                await self.forget(device)
            raise
        return device

    async def _ask(self, device: str, task_id: str) -> None:
        answer = await self._asked.ask(self._keys(task_id), device)
        if answer == "unknown":
            raise TaskbeamError(UNKNOWN_TASK)
        if answer == "full":
            raise TaskbeamError(TOO_MANY, "Enough devices and services are told of this task.")

    async def withdraw(self, device: str, task_id: str) -> None:
        """Let it not be told of the task, unless it is on its way."""
        await self._asked.withdraw(self._keys(task_id), device)

    async def of_owner(self, owner: str) -> list[Target]:
        """Those of an owner, the one that was heard of longest ago first."""
        devices = [target for target in await self._targets.of_owner(owner) if target.kind == "push"]
        return sorted(devices, key=lambda target: target.last_heard)

    async def find(self, device: str, owner: str | None) -> Target | None:
        """The device, if it is the owner's or nobody else's; else it is not there."""
        found = await self._targets.get(device)
        is_theirs = found is not None and found.kind == "push" and found.owner in (device, owner)
        return found if is_theirs else None

    async def forget_all(self, owner: str) -> None:
        """Forget those of an owner."""
        for target in await self.of_owner(owner):
            await self.forget(target.id)

    async def forget(self, device: str) -> None:
        """Forget it; what is due to it is dropped."""
        await self._targets.remove(device)
