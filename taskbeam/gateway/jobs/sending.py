"""Send a task by its name, once per `Idempotency-Key`."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taskbeam.background.log_fields import about
from taskbeam.gateway.jobs.broker import BROKER_ERRORS
from taskbeam.gateway.problems import UNAVAILABLE, TaskbeamError
from taskbeam.journal.away import REDIS_AWAY
from taskbeam.journal.failures import NOT_SENT
from taskbeam.journal.history import Absence
from taskbeam.journal.labels import HEADER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from taskbeam.gateway.jobs.account import Account
    from taskbeam.gateway.jobs.broker import Broker
    from taskbeam.gateway.jobs.idempotency import Claim, IdempotencyKeys
    from taskbeam.gateway.jobs.revoking import Revoker
    from taskbeam.gateway.jobs.token_uses import TokenUses
    from taskbeam.gateway.quotas.quotas import Quotas
    from taskbeam.journal.keys import TaskKeys
    from taskbeam.journal.labels import Labels
    from taskbeam.journal.reader import JournalReader
    from taskbeam.measures.names import CountByName
    from taskbeam.stock.watcher import StockWatcher

logger = logging.getLogger(__name__)

#: Seconds between two looks for the task of a request that came first.
LOOK = 0.05

#: Seconds that Redis has to withdraw what was not sent. The broker's time is over by then, and where both are
#: one server, so is Redis'.
WITHDRAWING = 2.0


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
        revoker: Revoker,
        idempotency: IdempotencyKeys,
        uses: TokenUses,
        quotas: Quotas,
        journal: JournalReader,
        keys: Callable[[str], TaskKeys],
        timeout: float,
        sent: CountByName,
        stock: StockWatcher | None = None,
    ) -> None:
        """``sent``: where the tasks are counted.

        ``stock``: who tells that a task is sent, where the application's own backend does not.
        """
        self._sent = sent
        self._broker = broker
        self._revoker = revoker
        self._idempotency = idempotency
        self._uses = uses
        self._quotas = quotas
        self._journal = journal
        self._keys = keys
        self._timeout = timeout
        self._stock = stock

    async def send(
        self,
        name: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        labels: Labels,
        account: Account,
        idempotency_key: str | None,
        options: Mapping[str, Any],
        task_id: str | None = None,
    ) -> SentTask:
        """Send the task unless its key was used before; its id is known to the gateway by then.

        ``task_id``: what it is to be; None = a new one.

        Raises `TaskbeamError`: ``forbidden`` when the account's token has sent as much as it may,
        ``too_many_jobs`` and ``rate_limited`` when its quota is used up, ``unavailable`` when the broker is
        away, ``bad_idempotency_key``, ``idempotency_conflict`` when the key was used with other arguments;
        and redis-py's errors.
        """
        request = json.dumps([args, kwargs], default=repr, sort_keys=True).encode()
        tenant = account.tenant or ""
        claim = await self._idempotency.claim(name, tenant, idempotency_key, request, task_id)
        if claim.first:
            await self._send_first(name, args, kwargs, labels, claim, account, options)
            await self._note_sent(claim)
        elif not claim.sent:
            await self._until_sent(claim)
        return SentTask(claim.task_id, labels.owner)

    async def _send_first(
        self,
        name: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        labels: Labels,
        claim: Claim,
        account: Account,
        options: Mapping[str, Any],
    ) -> None:
        headers = {**options.get("headers", {}), HEADER: labels.header()}
        counted = account.tenant if account.counts else None
        try:
            async with self._quotas.job_taken(counted, claim.task_id), self._uses.spent(account.identity):
                if self._stock is not None:
                    await self._stock.tell_as_sent(claim.task_id, name, labels.head())
                own = {"args": args, "kwargs": kwargs, "headers": headers, "task_id": claim.task_id}
                await self._broker.send(name, {**options, **own})
                self._sent.add(name)
        except BaseException as error:
            await self._withdraw(claim)
            if isinstance(error, BROKER_ERRORS):
                logger.warning(
                    "Cannot send %s, task %s, to the broker: %s",
                    name,
                    claim.task_id,
                    error,
                    extra=about(task_id=claim.task_id),
                )
                raise TaskbeamError(UNAVAILABLE, "The gateway cannot reach the broker.") from error
            raise

    async def _withdraw(self, claim: Claim) -> None:
        """No worker is to run what may arrive after all, nobody waits for it, and the key is free again."""
        try:
            async with asyncio.timeout(WITHDRAWING):
                await self._revoker.revoke(claim.task_id, NOT_SENT)
                await self._idempotency.release(claim)
        except REDIS_AWAY as error:
            why = str(error) or f"Redis did not answer within {WITHDRAWING:g} s"
            logger.warning(
                "Cannot withdraw task %s, which was not sent: %s",
                claim.task_id,
                why,
                extra=about(task_id=claim.task_id),
            )

    async def _note_sent(self, claim: Claim) -> None:
        """The key is remembered for a day; the journal, which says that the task was sent, may not be."""
        try:
            await self._idempotency.note_sent(claim)
        except REDIS_AWAY as error:
            logger.warning(
                "Cannot note at its idempotency key that task %s was sent: %s. A repeated request starts "
                "another one if it comes when nothing is left of the task's journal.",
                claim.task_id,
                error,
                extra=about(task_id=claim.task_id),
            )

    async def _until_sent(self, claim: Claim) -> None:
        """The request that came first may still be sending; if it died over that, the key is free again.

        A journal that has expired, or is missing, was begun: the task was sent. Raises redis-py's errors;
        nothing is known then, and the key stays.
        """
        keys = self._keys(claim.task_id)
        for _ in range(round(self._timeout / LOOK)):
            if await self._journal.read(keys, None, 1) is not Absence.UNKNOWN:
                return
            await asyncio.sleep(LOOK)
        await self._idempotency.release(claim)
        raise TaskbeamError(UNAVAILABLE)
