"""The sample job: ask for a report, and ask how it is going, as the tutorial does."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from taskbeam.gateway import (
    JSON_ONLY,
    TASK_PROBLEMS,
    Accepted,
    Action,
    Caller,
    Gateway,
    IdempotencyKey,
    Sender,
    accepted_responses,
    documented,
    problems,
)

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


def reports_router(live: Gateway) -> APIRouter:
    """The routes of reports, whose tasks ``live`` sends and follows."""
    router = APIRouter(tags=["reports"])

    @router.post(
        "/reports",
        status_code=202,
        dependencies=[JSON_ONLY],
        response_model=Accepted,
        responses=accepted_responses(
            problems.BAD_REQUEST, problems.TOO_LARGE, problems.UNSUPPORTED_MEDIA_TYPE
        ),
        operation_id="create_report",
    )
    async def create_report(
        request: Request,
        sender: Annotated[Sender, Depends(live.sender)],
        report: ReportRequest,
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        """Send the task and return at once; the worker does the rest.

        The same `Idempotency-Key` with the same body answers with the same task, for a day.
        """
        kwargs = report.model_dump(exclude_none=True)
        task = await live.send(
            TASK, kwargs=kwargs, queue=QUEUE, owner=sender.owner, idempotency_key=idempotency_key
        )
        return live.accepted(request, task)

    @router.get(
        "/reports/{task_id}",
        response_model_exclude_none=True,
        responses=documented(*TASK_PROBLEMS),
        operation_id="get_report",
    )
    async def report_status(caller: Annotated[Caller, Depends(live.caller)], task_id: str) -> ReportStatus:
        """The task's state, with its progress, result or error."""
        await caller.require(Action.READ, task_id)
        history = await live.snapshot(task_id)
        return ReportStatus.model_validate(json.loads(history.snapshot.body))

    return router
