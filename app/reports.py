"""The sample job: ask for a report, and ask how it is going, as the tutorial does."""

import json
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from taskbeam.gateway import (
    TASK_PROBLEMS,
    Action,
    AnswersHead,
    Caller,
    Gateway,
    IdempotencyKey,
    Sender,
    SentTask,
    TaskbeamError,
    documented,
    problems,
)

from .accounts.ownership import orders_for_anybody
from .mails.problems import FOREIGN_ADDRESS, NO_MAIL
from .sending import SENDS_TASK, sends_task

if TYPE_CHECKING:
    from .mails.mailing import Mailing

TASK = "reports.generate"
BATCH = "reports.batch"
QUEUE = "reports"


class ReportRequest(BaseModel):
    """Whose orders to report on."""

    user_id: Annotated[int, Field(ge=1, le=2**31 - 1)]
    email: Annotated[
        str | None,
        Field(max_length=254, description="Who is mailed how it has ended: the user's own address."),
    ] = None

    @property
    def owner(self) -> str:
        """Whose tasks the user's are, and what a token of the user's has as its owner."""
        return owner_of_user(self.user_id)


class BatchRequest(BaseModel):
    """Whose orders to report on, each by itself."""

    user_ids: Annotated[list[Annotated[int, Field(ge=1, le=2**31 - 1)]], Field(min_length=1, max_length=100)]


class ReportStatus(BaseModel):
    """The tutorial's status answer."""

    task_id: str
    state: str
    progress: dict[str, Any] | None = None
    result: Any = None
    error: dict[str, Any] | None = None


def owner_of_user(user_id: int) -> str:
    """Whose tasks a user's are."""
    return f"user-{user_id}"


def _check(sender: Sender, owner: str) -> None:
    """Raise `TaskbeamError` ``forbidden`` where the sender may order nothing about the user."""
    if not (sender.speaks_for(owner) or orders_for_anybody(sender)):
        raise TaskbeamError(problems.FORBIDDEN, "Reports about this user are not yours to order.")


def reports_router(live: Gateway, mailing: "Mailing | None") -> APIRouter:
    """The routes of reports, whose tasks ``live`` sends and follows; ``mailing`` mails how they end."""
    router = APIRouter(tags=["reports"], route_class=AnswersHead)

    @router.post("/reports", operation_id="create_report", **sends_task(NO_MAIL, FOREIGN_ADDRESS))
    async def create_report(
        request: Request,
        sender: Annotated[Sender, Depends(live.sender)],
        report: ReportRequest,
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        """Send the task and return at once; the worker does the rest.

        A token orders reports about its own user, `user-123`; an API key about those of its owners, and
        whoever has signed in about each.
        The same `Idempotency-Key` with the same user answers with the same task, for a day.
        """
        _check(sender, report.owner)

        async def send(task_id: str | None = None) -> SentTask:
            return await live.send(
                TASK,
                kwargs={"user_id": report.user_id},
                queue=QUEUE,
                sender=sender,
                idempotency_key=idempotency_key,
                task_id=task_id,
            )

        if report.email is None:
            return live.accepted(request, await send())
        if mailing is None:
            raise TaskbeamError(NO_MAIL)
        client = request.client.host if request.client is not None else ""
        await mailing.check(sender, client, report.user_id, report.email)
        return live.accepted(request, await mailing.send(report.user_id, sender.owner, send))

    @router.post("/reports/batches", operation_id="create_report_batch", **SENDS_TASK)
    async def create_batch(
        request: Request,
        sender: Annotated[Sender, Depends(live.sender)],
        batch: BatchRequest,
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        """Send one task that sends the others, as one group: its result has the group's id.

        `/feeds/group:{id}` has the progress of the whole, and each of the reports.
        """
        for user_id in batch.user_ids:
            _check(sender, owner_of_user(user_id))
        task = await live.send(
            BATCH, kwargs=batch.model_dump(), queue=QUEUE, sender=sender, idempotency_key=idempotency_key
        )
        return live.accepted(request, task)

    @router.get(
        "/reports/{task_id}",
        response_model_exclude_none=True,
        responses=documented(*TASK_PROBLEMS),
        operation_id="get_report",
    )
    async def report_status(
        caller: Annotated[Caller, Depends(live.caller)], response: Response, task_id: str
    ) -> ReportStatus:
        """The task's state, with its progress, result or error."""
        response.headers["Cache-Control"] = "no-store"
        await caller.require(Action.READ, task_id)
        history = await live.snapshot(task_id)
        return ReportStatus.model_validate(json.loads(history.snapshot.body))

    return router
