"""The sample job that one has time to look at: a report over all receipts of a year."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from taskbeam.gateway import Gateway, IdempotencyKey, Sender

from .sending import SENDS_TASK

TASK = "reports.year"
QUEUE = "reports"


class YearRequest(BaseModel):
    """Which year."""

    year: Annotated[int, Field(ge=2000, le=2100)] = 2025


def year_router(live: Gateway) -> APIRouter:
    """The route of a year's report, whose task ``live`` sends and follows."""
    router = APIRouter(tags=["reports"])

    @router.post("/reports/year", operation_id="create_year_report", **SENDS_TASK)
    async def create_year_report(
        request: Request,
        sender: Annotated[Sender, Depends(live.sender)],
        year: YearRequest,
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        """Send the task and return at once. It takes half a minute, tells its steps, and is tried again once.

        The same `Idempotency-Key` with the same body answers with the same task, for a day.
        """
        task = await live.send(
            TASK, kwargs=year.model_dump(), queue=QUEUE, sender=sender, idempotency_key=idempotency_key
        )
        return live.accepted(request, task)

    return router
