"""Send a task by its name, once per `Idempotency-Key`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from kombu.exceptions import OperationalError

from taskbeam.celery.labels import HEADER, Labels
from taskbeam.gateway.problems import UNAVAILABLE, TaskbeamError
from taskbeam.journal.history import History

if TYPE_CHECKING:
    from taskbeam.gateway.auth.senders import Sender
    from taskbeam.gateway.gateway import Gateway
    from taskbeam.gateway.jobs.idempotency import Claim

#: Seconds between two looks for the task of a request that came first.
LOOK = 0.05


async def send_task(
    gateway: Gateway, name: str, queue: str, kwargs: dict[str, Any], claim: Claim, sender: Sender
) -> str:
    """Send the task if the claim is the first; returns the id of the task, which is known by then.

    Raises `TaskbeamError` ``unavailable`` when the broker is away.
    """
    if not claim.first:
        await _until_sent(gateway, claim)
        return claim.task_id
    try:
        await asyncio.to_thread(
            gateway.celery.send_task,
            name,
            kwargs=kwargs,
            queue=queue,
            task_id=claim.task_id,
            retry=False,
            headers={HEADER: Labels(owner=sender.owner).header()},
        )
    except BaseException as error:
        await gateway.idempotency.release(claim)
        if isinstance(error, (OperationalError, OSError)):
            raise TaskbeamError(UNAVAILABLE) from error
        raise
    return claim.task_id


async def _until_sent(gateway: Gateway, claim: Claim) -> None:
    """The request that came first may still be sending; if it died over that, the key is free again."""
    keys = gateway.hub.keys(claim.task_id)
    for _ in range(round(gateway.settings.redis_timeout / LOOK)):
        if isinstance(await gateway.journal.read(keys, None, 1), History):
            return
        await asyncio.sleep(LOOK)
    await gateway.idempotency.release(claim)
    raise TaskbeamError(UNAVAILABLE)
