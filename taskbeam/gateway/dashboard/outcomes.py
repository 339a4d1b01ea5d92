"""Act on many tasks: each has an outcome of its own, whatever becomes of the others."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

from pydantic import Field
from starlette.requests import Request

from taskbeam.background.log_fields import about
from taskbeam.gateway.auth.visit import Visit
from taskbeam.gateway.http.answer_body import AnswerBody
from taskbeam.gateway.jobs.cancelling import Cancellation
from taskbeam.gateway.problems import INTERNAL, UNAVAILABLE, TaskbeamError
from taskbeam.journal.away import REDIS_AWAY
from taskbeam.journal.entry import new_token

logger = logging.getLogger(__name__)

#: Tasks of one request that are acted on at once, and seconds after which no further one is begun.
AT_ONCE, PATIENCE = 4, 20.0


class Outcome(AnswerBody):
    """What became of one task: either what was done, or why not."""

    task_id: str
    sent: str | None = Field(default=None, description="The id of the task that repeats it.")
    cancel: Cancellation | None = Field(default=None, description="How far the request to cancel got.")
    code: str | None = Field(default=None, description="Why nothing was done: the code of a problem.")
    message: str | None = Field(default=None, description="The same for people.")


class Outcomes(AnswerBody):
    """What became of each, in the order of the request."""

    results: list[Outcome]


async def outcomes(
    request: Request, visit: Visit, tasks: Iterable[str], act: Callable[[str], Awaitable[Outcome]]
) -> Outcomes:
    """Act on each task once, a few at a time.

    None is begun after `PATIENCE` seconds, nor when the client has left or may stay no longer: those are
    ``unavailable``.
    """
    end = asyncio.get_running_loop().time() + PATIENCE
    free = asyncio.Semaphore(AT_ONCE)

    async def one(task_id: str) -> Outcome:
        async with free:
            late = asyncio.get_running_loop().time() >= end
            if late or visit.over or await request.is_disconnected():
                return _refused(
                    task_id, TaskbeamError(UNAVAILABLE, "Its turn did not come: nothing was done.")
                )
            return await _outcome(task_id, act)

    return Outcomes(results=await asyncio.gather(*map(one, dict.fromkeys(tasks))))


async def _outcome(task_id: str, act: Callable[[str], Awaitable[Outcome]]) -> Outcome:
    try:
        return await act(task_id)
    except TaskbeamError as error:
        return _refused(task_id, error)
    except REDIS_AWAY as error:
        logger.warning("Cannot act on task %s: %s", task_id, error, extra=about(task_id=task_id))
        return _refused(task_id, TaskbeamError(UNAVAILABLE))
    except Exception:
        ref = new_token()
        logger.exception(
            "Failed to act on task %s, reference %s.", task_id, ref, extra=about(task_id=task_id)
        )
        return _refused(task_id, TaskbeamError(INTERNAL, f"{INTERNAL.title} Reference: {ref}"))


def _refused(task_id: str, error: TaskbeamError) -> Outcome:
    return Outcome(task_id=task_id, code=error.problem.code, message=error.more or error.problem.title)
