"""The tasks that belong to one, over HTTP: for whoever may read the dashboard's own task."""

from fastapi import APIRouter, Response
from pydantic import Field

from taskbeam.gateway.dashboard.models import ListedTask
from taskbeam.gateway.dashboard.operators import OPERATOR_PROBLEMS, require_operator
from taskbeam.gateway.dependencies import CallerDep, RuntimeDep
from taskbeam.gateway.http.answer_body import AnswerBody
from taskbeam.gateway.http.answers import described
from taskbeam.gateway.http.caching import Keep, cache_headers
from taskbeam.gateway.http.problem_details import documented
from taskbeam.gateway.http.reading import json_response
from taskbeam.gateway.http.route import GatewayRoute
from taskbeam.gateway.http.tasks import TaskId
from taskbeam.journal.encode import to_json

router = APIRouter(prefix="/dashboard", tags=["dashboard"], route_class=GatewayRoute)


class TaskCanvas(AnswerBody):
    """The tasks that belong together."""

    feed: str | None = Field(description="Of their tree; null: the task is alone.")
    total: int = Field(ge=0, description="How many there are, ended ones too.")
    tasks: list[ListedTask] = Field(description="The newest 100, in the order in which they were sent.")


@router.get(
    "/tasks/{task_id}/canvas",
    operation_id="get_task_canvas",
    response_model=TaskCanvas,
    responses=documented(*OPERATOR_PROBLEMS) | {200: described("Those tasks.", "Cache-Control")},
)
async def canvas(gateway: RuntimeDep, caller: CallerDep, task_id: TaskId) -> Response:
    """All tasks of a group, a chord, a chain or whatever else the task belongs to, with their times."""
    await require_operator(gateway, caller)
    with caller.visit():
        found = await gateway.dashboard.canvases.of(task_id)
    return json_response(to_json(found._asdict()).encode(), cache_headers(200, Keep.NOBODY))
