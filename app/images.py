"""The other sample job: a picture, resized to several sizes."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from taskbeam.gateway import (
    Accepted,
    Gateway,
    IdempotencyKey,
    Sender,
    TaskbeamError,
    accepted_responses,
    problems,
)

from .settings import Settings
from .uploads import receive_upload

TASK = "images.resize"
QUEUE = "images"

_BODY = {
    "required": True,
    "content": {"image/*": {"schema": {"type": "string", "format": "binary", "minLength": 1}}},
}


def images_router(live: Gateway, settings: Settings) -> APIRouter:
    """The routes of pictures, whose tasks ``live`` sends and follows."""
    router = APIRouter(tags=["images"])

    @router.post(
        "/images",
        status_code=202,
        openapi_extra={"requestBody": _BODY},
        response_model=Accepted,
        responses=accepted_responses(problems.BAD_REQUEST, problems.TOO_LARGE),
        operation_id="create_images",
    )
    async def create_images(
        request: Request,
        sender: Annotated[Sender, Depends(live.sender)],
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        """Take a picture (the body is the file itself), send the task and return at once.

        What it is, the worker finds out by decoding it: neither a name nor a media type is believed.
        The same `Idempotency-Key` with the same picture answers with the same task, for a day.
        """
        if request.headers.get("content-type", "").startswith("multipart/"):
            raise TaskbeamError(problems.BAD_REQUEST, "The body is to be the picture itself, not a form.")
        upload = await receive_upload(request, settings.uploads_dir, settings.max_upload_bytes)
        task = await live.send(
            TASK,
            kwargs={"upload": upload},
            queue=QUEUE,
            owner=sender.owner,
            idempotency_key=idempotency_key,
        )
        return live.accepted(request, task)

    return router
