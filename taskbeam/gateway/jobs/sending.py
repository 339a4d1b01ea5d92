"""Send a task by its name, once per `Idempotency-Key`."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taskbeam.gateway.jobs.broker import BROKER_ERRORS
from taskbeam.gateway.problems import UNAVAILABLE, TaskbeamError
from taskbeam.journal.history import History
from taskbeam.journal.labels import HEADER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from taskbeam.gateway.jobs.broker import Broker
    from taskbeam.gateway.jobs.idempotency import Claim, IdempotencyKeys
    from taskbeam.journal.keys import TaskKeys
    from taskbeam.journal.labels import Labels
    from taskbeam.journal.reader import JournalReader

#: Seconds between two looks for the task of a request that came first.
LOOK = 0.05


@dataclass(frozen=True, slots=True)
class SentTask:
    """A task that was sent: by this call, or by an earlier one with the same idempotency key."""

    id: str
    owner: str | None = None


class TaskSender:
    """Sends tasks through the broker; a repeated request waits ``timeout`` seconds for the first one."""

    def __init__(
        self,
        broker: Broker,
        idempotency: IdempotencyKeys,
        journal: JournalReader,
        keys: Callable[[str], TaskKeys],
        timeout: float,
    ) -> None:
        self._broker = broker
        self._idempotency = idempotency
        self._journal = journal
        self._keys = keys
        self._timeout = timeout

    async def send(
        self,
        name: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        labels: Labels,
        idempotency_key: str | None,
        options: Mapping[str, Any],
    ) -> SentTask:
        """Send the task unless its key was used before; its id is known to the gateway by then.

        Raises `TaskbeamError`: ``unavailable`` when the broker is away, ``bad_idempotency_key``,
        ``idempotency_conflict`` when the key was used with other arguments; and redis-py's errors.
        """
        request = json.dumps([args, kwargs], default=repr, sort_keys=True).encode()
        claim = await self._idempotency.claim(name, labels.owner, idempotency_key, request)
        if claim.first:
            await self._send(name, args, kwargs, labels, claim, options)
        else:
            await self._until_sent(claim)
        return SentTask(claim.task_id, labels.owner)

    async def _send(
        self,
        name: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        labels: Labels,
        claim: Claim,
        options: Mapping[str, Any],
    ) -> None:
        headers = {**options.get("headers", {}), HEADER: labels.header()}
        try:
            await self._broker.send(
                name,
                args=args,
                kwargs=kwargs,
                **{**options, "headers": headers, "task_id": claim.task_id},
            )
        except BaseException as error:
            await self._idempotency.release(claim)
            if isinstance(error, BROKER_ERRORS):
                raise TaskbeamError(UNAVAILABLE, "The gateway cannot reach the broker.") from error
            raise

    async def _until_sent(self, claim: Claim) -> None:
        """The request that came first may still be sending; if it died over that, the key is free again."""
        keys = self._keys(claim.task_id)
        for _ in range(round(self._timeout / LOOK)):
            if isinstance(await self._journal.read(keys, None, 1), History):
                return
            await asyncio.sleep(LOOK)
        await self._idempotency.release(claim)
        raise TaskbeamError(UNAVAILABLE)
