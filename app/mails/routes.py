"""Where the gateway's webhooks about reports arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from taskbeam.gateway import documented, problems

from .problems import BAD_SIGNATURE

if TYPE_CHECKING:
    from taskbeam.gateway import Gateway

    from .mailing import Mailing

PATH = "/hooks/mail"

#: In the document: its signature says who sends it.
_SIGNED: dict[str, Any] = {"security": []}


def mails_router(live: Gateway, mailing: Mailing) -> APIRouter:
    """The route of webhooks; ``live`` sends the mails' tasks."""
    router = APIRouter(tags=["reports"])

    @router.post(
        PATH,
        status_code=204,
        responses=documented(
            BAD_SIGNATURE,
            problems.FOREIGN_ORIGIN,
            problems.UNKNOWN_HOST,
            problems.TOO_MANY_JOBS,
            problems.RATE_LIMITED,
            problems.INTERNAL,
            problems.UNAVAILABLE,
        ),
        operation_id="mail_end",
        openapi_extra=_SIGNED,
    )
    async def mail_end(request: Request) -> Response:
        """Take the gateway's own webhook (Standard Webhooks), and mail how a report has ended."""
        await mailing.tell(live, request.headers, await request.body())
        return Response(status_code=204)

    return router
