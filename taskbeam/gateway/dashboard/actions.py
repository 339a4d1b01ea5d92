"""What operators do to tasks over HTTP, to one or to many: run them again, and cancel them."""

import logging
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from taskbeam.background.log_fields import about
from taskbeam.gateway import problems
from taskbeam.gateway.auth.identity import Action
from taskbeam.gateway.auth.operators import name_of
from taskbeam.gateway.dashboard.operators import OPERATOR_PROBLEMS, require_operator
from taskbeam.gateway.dashboard.outcomes import Outcome, Outcomes, outcomes
from taskbeam.gateway.dependencies import CallerDep, RuntimeDep
from taskbeam.gateway.http.answers import described
from taskbeam.gateway.http.negotiation import JSON_ONLY
from taskbeam.gateway.http.problem_details import documented
from taskbeam.gateway.http.route import GatewayRoute

logger = logging.getLogger(__name__)

router = APIRouter(prefix="/dashboard", tags=["dashboard"], route_class=GatewayRoute)

#: Tasks of one request.
MOST = 100

_RESPONSES = documented(
    *OPERATOR_PROBLEMS,
    problems.FOREIGN_ORIGIN,
    problems.UNSUPPORTED_MEDIA_TYPE,
) | {200: described("What became of each.", "Cache-Control")}


class Chosen(BaseModel):
    """The tasks that are meant."""

    model_config = ConfigDict(extra="forbid")

    tasks: list[Annotated[str, Field(min_length=1, max_length=255)]] = Field(
        min_length=1, max_length=MOST, description="Their ids."
    )


@router.post(
    "/run-again",
    operation_id="run_tasks_again",
    response_model_exclude_none=True,
    dependencies=[JSON_ONLY],
    responses=_RESPONSES,
)
async def run_again(request: Request, gateway: RuntimeDep, caller: CallerDep, chosen: Chosen) -> Outcomes:
    """Send tasks that have ended once more, each under a new id: same name, arguments, queue and labels.

    It takes the scope `send` on the dashboard's own task. `arguments_not_kept`: Celery keeps what a task was
    called with only with `result_extended`. `not_ended`: it goes on. `unknown_queue`: the
    gateway's application has no queue that gets what was sent as the task was.
    """
    identity = await require_operator(gateway, caller, Action.SEND)

    async def again(task_id: str) -> Outcome:
        return Outcome(task_id=task_id, sent=await gateway.dashboard.run_again.run(task_id, identity))

    with caller.visit() as visit:
        return await outcomes(request, visit, chosen.tasks, again)


@router.post(
    "/cancel",
    operation_id="cancel_tasks",
    response_model_exclude_none=True,
    dependencies=[JSON_ONLY],
    responses=_RESPONSES,
)
async def cancel(request: Request, gateway: RuntimeDep, caller: CallerDep, chosen: Chosen) -> Outcomes:
    """Revoke queued tasks at once, and ask running ones to stop.

    It takes the scope `cancel` on the dashboard's own task. `too_late`: it has ended already.
    """
    identity = await require_operator(gateway, caller, Action.CANCEL)

    async def stop(task_id: str) -> Outcome:
        cancelled = await gateway.canceller.cancel(task_id, terminate=False)
        logger.info(
            "Task %s is cancelled (%s), by %s",
            task_id,
            cancelled,
            name_of(identity),
            extra=about(task_id=task_id),
        )
        return Outcome(task_id=task_id, cancel=cancelled)

    with caller.visit() as visit:
        return await outcomes(request, visit, chosen.tasks, stop)
