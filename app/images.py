"""The other sample job: a picture, resized to several sizes."""

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response

from taskbeam.gateway import problems
from taskbeam.gateway.auth.senders import SenderDep
from taskbeam.gateway.gateway import GatewayDep
from taskbeam.gateway.http.problem_details import IDENTITY_PROBLEMS, documented
from taskbeam.gateway.jobs.accepted import Accepted, accepted
from taskbeam.gateway.jobs.sending import send_task
from taskbeam.gateway.problems import TaskbeamError

from .uploads import receive_upload

router = APIRouter(tags=["images"])

TASK = "images.resize"
QUEUE = "images"

_BODY = {
    "required": True,
    "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}},
}


@router.post(
    "/images",
    status_code=202,
    openapi_extra={"requestBody": _BODY},
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
    response: Response,
    gateway: GatewayDep,
    sender: SenderDep,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> Accepted:
    """Take a picture (the body is the file itself), send the task and return at once.

    What it is, the worker finds out by decoding it: neither a name nor a media type is believed.
    The same `Idempotency-Key` with the same picture answers with the same task, for a day.
    """
    if request.headers.get("content-type", "").startswith("multipart/"):
        raise TaskbeamError(problems.BAD_REQUEST, "The body is to be the picture itself, not a form.")
    settings = gateway.settings
    upload = await receive_upload(request, settings.uploads_dir, settings.max_upload_bytes)
    claim = await gateway.idempotency.claim(request.url.path, sender.owner, idempotency_key, upload.encode())
    task_id = await send_task(gateway, TASK, QUEUE, {"upload": upload}, claim, sender)
    return accepted(request, response, gateway, sender, task_id)
