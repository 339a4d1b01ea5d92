"""What operators do to queues over HTTP: purge, pause and resume."""

import logging
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from taskbeam.gateway import problems
from taskbeam.gateway.auth.identity import Action, Identity
from taskbeam.gateway.auth.operators import name_of
from taskbeam.gateway.dashboard.operators import OPERATOR_PROBLEMS, require_operator
from taskbeam.gateway.dashboard.queue_control import Told
from taskbeam.gateway.dependencies import CallerDep, RuntimeDep
from taskbeam.gateway.http.answer_body import AnswerBody
from taskbeam.gateway.http.answers import described
from taskbeam.gateway.http.negotiation import JSON_ONLY
from taskbeam.gateway.http.problem_details import documented
from taskbeam.gateway.http.route import GatewayRoute

logger = logging.getLogger(__name__)

router = APIRouter(prefix="/dashboard/queues", tags=["dashboard"], route_class=GatewayRoute)

_PROBLEMS = (
    *OPERATOR_PROBLEMS,
    problems.FOREIGN_ORIGIN,
    problems.UNSUPPORTED_MEDIA_TYPE,
    problems.NO_SUCH_QUEUE,
)
_REMOTE = (problems.REMOTE_CONTROL_OFF, problems.NO_WORKER_ANSWERED)


class ChosenQueue(BaseModel):
    """The queue that is meant."""

    model_config = ConfigDict(extra="forbid")

    queue: Annotated[str, Field(min_length=1, max_length=255, description="Its name.")]


class PurgedQueue(AnswerBody):
    """What was taken out of a queue."""

    queue: str
    purged: int = Field(ge=0, description="Messages that were taken out.")
    ended: int = Field(ge=0, description="Tasks that have ended by that, as REVOKED with the code `purged`.")
    kept: int = Field(ge=0, description="Messages that stay: their tasks run, or their worker is lost.")
    more: bool = Field(description="Whether the time was over before all were taken.")


class QueueWorkers(AnswerBody):
    """Which workers do as they were told. They are called what Celery calls them."""

    queue: str
    workers: list[str]
    silent: list[str] = Field(description="Those that are known, and did not answer.")


@router.post(
    "/purge",
    operation_id="purge_queue",
    dependencies=[JSON_ONLY],
    responses=documented(*_PROBLEMS) | {200: described("What was taken out.", "Cache-Control")},
)
async def purge(gateway: RuntimeDep, caller: CallerDep, chosen: ChosenQueue) -> PurgedQueue:
    """Take all messages out of a queue, and end their tasks; what a worker has fetched still runs.

    It takes the scope `cancel` on the dashboard's own task.
    """
    identity = await require_operator(gateway, caller, Action.CANCEL)
    with caller.visit():
        purged = await gateway.dashboard.queue_control.purge(chosen.queue)
    logger.warning(
        "Purged queue %s: removed %d messages, revoked %d tasks (by %s)",
        chosen.queue,
        purged.purged,
        purged.ended,
        name_of(identity),
    )
    return PurgedQueue(queue=chosen.queue, **purged._asdict())


@router.post(
    "/pause",
    operation_id="pause_queue",
    dependencies=[JSON_ONLY],
    responses=documented(*_PROBLEMS, *_REMOTE) | {200: described("Who stopped.", "Cache-Control")},
)
async def pause(gateway: RuntimeDep, caller: CallerDep, chosen: ChosenQueue) -> QueueWorkers:
    """Tell the workers to stop consuming a queue; what they have fetched still runs.

    A worker that starts or restarts later consumes it.
    It takes the scope `cancel` on the dashboard's own task.
    """
    identity = await require_operator(gateway, caller, Action.CANCEL)
    with caller.visit():
        told = await gateway.dashboard.queue_control.pause(chosen.queue)
    return _answer(chosen.queue, "paused", told, identity)


@router.post(
    "/resume",
    operation_id="resume_queue",
    dependencies=[JSON_ONLY],
    responses=documented(*_PROBLEMS, *_REMOTE, problems.NOT_PAUSED)
    | {200: described("Who goes on.", "Cache-Control")},
)
async def resume(gateway: RuntimeDep, caller: CallerDep, chosen: ChosenQueue) -> QueueWorkers:
    """Tell the workers that were paused to consume the queue again, and no others.

    It takes the scope `cancel` on the dashboard's own task.
    """
    identity = await require_operator(gateway, caller, Action.CANCEL)
    with caller.visit():
        told = await gateway.dashboard.queue_control.resume(chosen.queue)
    return _answer(chosen.queue, "resumed", told, identity)


def _answer(queue: str, what: str, told: Told, identity: Identity) -> QueueWorkers:
    logger.warning(
        "Queue %s: %s by %d workers, %d did not answer (by %s)",
        queue,
        what,
        len(told.workers),
        len(told.silent),
        name_of(identity),
    )
    return QueueWorkers(queue=queue, workers=told.workers, silent=told.silent)
