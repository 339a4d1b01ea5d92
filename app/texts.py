"""The third sample job: a text that is read while it is written."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from taskbeam.gateway import Gateway, IdempotencyKey, Sender

from .sending import SENDS_TASK

TASK = "texts.write"
QUEUE = "texts"


class TextRequest(BaseModel):
    """How much is to be written."""

    words: Annotated[int, Field(ge=1, le=10_000)] = 2_000


def texts_router(live: Gateway) -> APIRouter:
    """The routes of texts, whose tasks ``live`` sends and follows."""
    router = APIRouter(tags=["texts"])

    @router.post("/texts", operation_id="create_text", **SENDS_TASK)
    async def create_text(
        request: Request,
        sender: Annotated[Sender, Depends(live.sender)],
        text: TextRequest,
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        """Send the task and return at once. What it writes comes as `output` events, while it is written.

        The same `Idempotency-Key` with the same body answers with the same task, for a day.
        """
        task = await live.send(
            TASK, kwargs=text.model_dump(), queue=QUEUE, sender=sender, idempotency_key=idempotency_key
        )
        return live.accepted(request, task)

    return router
