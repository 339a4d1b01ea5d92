"""Cancelling a task over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from taskbeam.gateway import problems
from taskbeam.gateway.auth.identity import Action
from taskbeam.gateway.dependencies import CallerDep, RuntimeDep
from taskbeam.gateway.http.answers import described
from taskbeam.gateway.http.problem_details import TASK_PROBLEMS, documented
from taskbeam.gateway.http.route import GatewayRoute
from taskbeam.gateway.http.tasks import TaskId
from taskbeam.gateway.jobs.cancelling import Cancellation

router = APIRouter(tags=["tasks"], route_class=GatewayRoute)


class CancelAnswer(BaseModel):
    """How far a request to cancel got."""

    task_id: str
    cancel: Cancellation = Field(
        description="`revoked`: it was queued, and no worker will run it. `requested`: the next `progress()` "
        "of the running task raises `Cancelled`. `terminating`: its process is ended by signal."
    )


@router.post(
    "/tasks/{task_id}/cancel",
    operation_id="cancel_task",
    status_code=202,
    responses=documented(
        *TASK_PROBLEMS,
        problems.FORBIDDEN,
        problems.FOREIGN_ORIGIN,
        problems.TOO_LATE,
        problems.UNSUPPORTED_MEDIA_TYPE,
    )
    | {202: described("How far that got.", "Cache-Control")},
)
async def cancel(
    gateway: RuntimeDep,
    caller: CallerDep,
    task_id: TaskId,
    terminate: Annotated[bool, Query(description="End a running task by signal.")] = False,
) -> CancelAnswer:
    """Revoke a queued task at once, or ask a running one to stop.

    With `terminate` it takes a token with the scope `terminate`, else one with `cancel`.
    """
    await caller.require(Action.TERMINATE if terminate else Action.CANCEL, task_id)
    return CancelAnswer(task_id=task_id, cancel=await gateway.canceller.cancel(task_id, terminate=terminate))
