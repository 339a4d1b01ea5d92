"""`aresult`: what a task returned."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from celery.result import EagerResult, ResultSet

from taskbeam.contract.errors import refusal, result_of
from taskbeam.contract.events import GapEvent, StateEvent, task_event
from taskbeam.follow.outputs import End
from taskbeam.waiting.connections import connections_of, running_loop
from taskbeam.waiting.follow import refused

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from celery.result import AsyncResult

    from taskbeam.follow.event import Event
    from taskbeam.waiting.connections import Connections


async def aresult(
    result: AsyncResult[Any] | ResultSet,
    *,
    timeout: float | None = None,  # noqa: ASYNC109 # as `AsyncResult.get` calls it
    propagate: bool = True,
) -> Any:
    """Wait until a task has ended, and return its result: `AsyncResult.get` for asyncio.

    Args:
        result: the task as Celery's `delay` or `apply_async` returned it; of a group, all results in order.
        timeout: seconds to wait at the most.
        propagate: raise what the task raised, as Celery does; else return the exception.

    It costs no thread and no polling; thousands may wait at once, over two connections. What Celery's backend
    has stored is what is returned and raised. Where it stores nothing the journal says how the task ended:
    `TaskLost`, `TaskIgnored`, `TaskRejected`, and the result of a task that ignores it. An eager task has
    its own.

    Raises `TimeoutError`, and what `afollow` raises.
    """
    running_loop()
    async with asyncio.timeout(timeout):
        if isinstance(result, ResultSet):
            members: Any = result.results or ()
            return await _all([aresult(each, propagate=propagate) for each in members])
        if isinstance(result, EagerResult):
            return result.get(propagate=propagate, disable_sync_subtasks=False)
        connections = connections_of(result.app)
        with connections.used():
            end = await _end_of(result.id, connections)
            found = await _stored(result, connections)
    return result_of(end) if found is None else result.maybe_throw(propagate=propagate)


async def _all(waits: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
    """What they return. The first that raises ends the others."""
    tasks = [asyncio.ensure_future(each) for each in waits]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _LastEvent:
    """A `Sink` that keeps nothing but the newest event until the end."""

    def __init__(self) -> None:
        self._body: bytes | None = None
        self.ended: asyncio.Future[tuple[End, bytes | None]] = asyncio.get_running_loop().create_future()

    def deliver(self, events: Sequence[Event]) -> None:
        """Keep the last one."""
        if events:
            self._body = events[-1].body

    def finish(self, end: End) -> None:
        """Wake whoever waits."""
        if not self.ended.done():
            self.ended.set_result((end, self._body))


async def _end_of(task_id: str, connections: Connections) -> StateEvent:
    last = _LastEvent()
    follower = connections.hub.follow(task_id, None, last)
    try:
        end, body = await last.ended
    finally:
        follower.cancel()
    if end is not End.FINISHED or body is None:
        raise refused(end)
    event = task_event(json.loads(body))
    # Where the end's own record is gone, a gap's snapshot still has it.
    newest = event.snapshot if isinstance(event, GapEvent) else event
    if not isinstance(newest, StateEvent) or not newest.final:
        raise refusal("no_end", "The journal has ended, and does not say how.")
    return newest


async def _stored(result: Any, connections: Connections) -> Any:
    """What Celery has stored of the end, which ``result`` knows from here on; None where that is no end."""
    backend = result.backend
    payload = await connections.get(backend.get_key_for_task(result.id))
    if not payload:
        return None
    result._maybe_set_cache(backend.decode_result(payload))
    return result._cache
