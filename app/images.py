"""The other sample job: a picture, resized to several sizes."""

from functools import partial
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
from taskbeam.storage import Room

from .settings import Settings
from .uploads import Uploads

TASK = "images.resize"
QUEUE = "images"

_BODY = {
    "required": True,
    "content": {"image/*": {"schema": {"type": "string", "format": "binary", "minLength": 1}}},
}


def images_router(live: Gateway, settings: Settings) -> APIRouter:
    """The routes of pictures, whose tasks ``live`` sends and follows."""
    router = APIRouter(tags=["images"])
    folder = settings.uploads_dir
    room = Room(folder, settings.uploads_max_bytes, settings.uploads_max_bytes_per_owner)
    uploads = Uploads(folder, settings.max_upload_bytes, room)

    @router.post(
        "/images",
        status_code=202,
        openapi_extra={"requestBody": _BODY},
        response_model=Accepted,
        responses=accepted_responses(problems.INSUFFICIENT_STORAGE),
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
        take = partial(live.take_upload, sender)
        upload = await uploads.receive(request, take, sender.owner)
        task = await live.send(
            TASK,
            kwargs={"upload": upload},
            queue=QUEUE,
            sender=sender,
            idempotency_key=idempotency_key,
        )
        return live.accepted(request, task)

    return router
