"""The other sample job: a picture, resized to several sizes."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response

from taskbeam.gateway import (
    IDENTITY_PROBLEMS,
    Accepted,
    Gateway,
    Sender,
    TaskbeamError,
    documented,
    problems,
)

from .settings import Settings
from .uploads import receive_upload

TASK = "images.resize"
QUEUE = "images"

_BODY = {
    "required": True,
    "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}},
}


def images_router(live: Gateway, settings: Settings) -> APIRouter:
    """The routes of pictures, whose tasks ``live`` sends and follows."""
    router = APIRouter(tags=["images"])

    @router.post(
        "/images",
        status_code=202,
        openapi_extra={"requestBody": _BODY},
        response_model=Accepted,
        responses=documented(
            *IDENTITY_PROBLEMS,
            problems.FORBIDDEN,
            problems.BAD_REQUEST,
            problems.BAD_IDEMPOTENCY_KEY,
            problems.IDEMPOTENCY_CONFLICT,
            problems.TOO_LARGE,
            problems.INVALID_REQUEST,
            problems.INTERNAL,
            problems.UNAVAILABLE,
        ),
    )
    async def create_images(
        request: Request,
        sender: Annotated[Sender, Depends(live.sender)],
        idempotency_key: Annotated[str | None, Header()] = None,
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
