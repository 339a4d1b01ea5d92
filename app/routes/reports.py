"""The sample job: ask for a report, and ask how it is going, as the tutorial does."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from taskbeam import errors

from ..gateway import GatewayDep
from ..polling import snapshot_after
from ..problems import documented

router = APIRouter(tags=["reports"])

TASK = "reports.generate"
QUEUE = "reports"


class ReportRequest(BaseModel):
    """Whose orders to report on."""

    user_id: Annotated[int, Field(ge=1, le=2**31 - 1)]


class TaskUrls(BaseModel):
    """Where to follow the task."""

    self: str
    events: str
    ws: str


class Accepted(BaseModel):
    """The task was sent."""

    task_id: str
    urls: TaskUrls


class ReportStatus(BaseModel):
    """The tutorial's status answer."""

    task_id: str
    state: str
    progress: dict[str, Any] | None = None
    result: Any = None
    error: dict[str, Any] | None = None


@router.post(
    "/reports",
    status_code=202,
    responses=documented(errors.BAD_REQUEST, errors.INVALID_REQUEST, errors.INTERNAL, errors.UNAVAILABLE),
)
def create_report(
    request: Request, response: Response, gateway: GatewayDep, report: ReportRequest
) -> Accepted:
    """Send the task and return at once; the worker does the rest."""
    task = gateway.send(TASK, QUEUE, user_id=report.user_id)
    urls = _urls(request, task)
    response.headers["Location"] = urls.self
    return Accepted(task_id=task, urls=urls)


@router.get(
    "/reports/{task_id}",
    response_model_exclude_none=True,
    responses=documented(errors.UNKNOWN_TASK, errors.INVALID_REQUEST, errors.INTERNAL, errors.UNAVAILABLE),
)
async def report_status(gateway: GatewayDep, task_id: str) -> ReportStatus:
    """The task's state, with its progress, result or error."""
    history = await snapshot_after(gateway, task_id, None, 0)
    return ReportStatus.model_validate(json.loads(history.picture.body))


def _urls(request: Request, task_id: str) -> TaskUrls:
    return TaskUrls(
        self=request.app.url_path_for("snapshot", task_id=task_id),
        events=request.app.url_path_for("events", task_id=task_id),
        ws=request.app.url_path_for("one_task", task_id=task_id),
    )
