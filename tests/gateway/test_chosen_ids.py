"""An application may choose the id of a task, and so keep what it knows of it before the task is sent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from celery import Celery
from pydantic import SecretStr

from taskbeam.gateway import Gateway, GatewaySettings, TaskbeamError
from taskbeam.gateway.auth.operators import RESERVED
from tests.support.closing import close_app
from tests.support.results import names, results_at
from tests.support.tokens import KEYS

if TYPE_CHECKING:
    from stack.valkey import Valkey
    from tests.support.journal import Journals

QUEUE = "of-chosen-ids"


@pytest.mark.parametrize("task_id", sorted(RESERVED))
def test_one_that_is_the_gateways_own_is_refused(task_id: str) -> None:
    """Whoever had a token for such a task would have one for every task."""
    settings = GatewaySettings(token_keys=SecretStr(KEYS))
    live = Gateway(Celery(backend="taskbeam+redis://", set_as_current=False), settings=settings)
    with pytest.raises(TaskbeamError, match="reserved"):
        asyncio.run(live.send("tests.task", task_id=task_id))
    with pytest.raises(ValueError, match="no task"):
        live.token_for(task_id)


def test_the_task_has_it_unless_an_earlier_request_sent_another(valkey: Valkey, journals: Journals) -> None:
    first, second, key = str(uuid4()), str(uuid4()), str(uuid4())
    app = Celery(broker=valkey.url(0), backend=f"taskbeam+{results_at(valkey.url(1))}", set_as_current=False)
    live = Gateway(app, settings=GatewaySettings(auth="open"), watch_signals=False)

    async def sent(task_id: str) -> str:
        task = await live.send("tests.task", queue=QUEUE, idempotency_key=key, task_id=task_id)
        return task.id

    async def send() -> list[str]:
        try:
            return [await sent(first), await sent(second)]
        finally:
            await live.stop()

    assert asyncio.run(send()) == [first, first]
    close_app(app)
    assert journals.redis.exists(names(first).head)
    assert not journals.redis.exists(names(second).head)
