"""The sample job: ask for a report, and ask how it is going, as the tutorial does."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel, Field

from taskbeam.gateway import problems
from taskbeam.gateway.auth.caller import CallerDep
from taskbeam.gateway.auth.identity import Action
from taskbeam.gateway.auth.senders import SenderDep
from taskbeam.gateway.delivery.polling import snapshot_after
from taskbeam.gateway.gateway import GatewayDep
from taskbeam.gateway.http.negotiation import JSON_ONLY
from taskbeam.gateway.http.problem_details import IDENTITY_PROBLEMS, documented
from taskbeam.gateway.jobs.accepted import Accepted, accepted
from taskbeam.gateway.jobs.sending import send_task

router = APIRouter(tags=["reports"])

TASK = "reports.generate"
QUEUE = "reports"


class ReportRequest(BaseModel):
    """Whose orders to report on."""

    user_id: Annotated[int, Field(ge=1, le=2**31 - 1)]
    email: Annotated[
        str | None, Field(max_length=254, description="Who is told when the report is ready.")
    ] = None


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
    dependencies=[JSON_ONLY],
    responses=documented(
        *IDENTITY_PROBLEMS,
        problems.FORBIDDEN,
        problems.BAD_REQUEST,
        problems.BAD_IDEMPOTENCY_KEY,
        problems.IDEMPOTENCY_CONFLICT,
        problems.TOO_LARGE,
        problems.UNSUPPORTED_MEDIA_TYPE,
        problems.INVALID_REQUEST,
        problems.INTERNAL,
        problems.UNAVAILABLE,
    ),
)
async def create_report(
    request: Request,
    response: Response,
    gateway: GatewayDep,
    sender: SenderDep,
    report: ReportRequest,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> Accepted:
    """Send the task and return at once; the worker does the rest.

    The same `Idempotency-Key` with the same body answers with the same task, for a day.
    """
    body = report.model_dump_json(exclude_none=True)
    claim = await gateway.idempotency.claim(request.url.path, sender.owner, idempotency_key, body.encode())
    task_id = await send_task(gateway, TASK, QUEUE, report.model_dump(exclude_none=True), claim, sender)
    return accepted(request, response, gateway, sender, task_id)


@router.get(
    "/reports/{task_id}",
    response_model_exclude_none=True,
    responses=documented(
        *IDENTITY_PROBLEMS,
        problems.UNKNOWN_TASK,
        problems.EXPIRED,
        problems.INVALID_REQUEST,
        problems.INTERNAL,
        problems.UNAVAILABLE,
    ),
)
async def report_status(gateway: GatewayDep, caller: CallerDep, task_id: str) -> ReportStatus:
    """The task's state, with its progress, result or error."""
    await caller.require(Action.READ, task_id)
    history = await snapshot_after(gateway, task_id, None)
    return ReportStatus.model_validate(json.loads(history.snapshot.body))
