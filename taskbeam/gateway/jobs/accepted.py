"""The answer to whoever asked for a job: its id, a token to follow it with, and where."""

from __future__ import annotations

from pydantic import BaseModel, Field
from starlette.responses import Response

from taskbeam.gateway.http.answer_body import AnswerBody


class TaskUrls(BaseModel):
    """Where to follow the task: absolute paths on the host that was asked."""

    self: str
    events: str
    ws: str
    cancel: str


class Accepted(AnswerBody):
    """The task was sent."""

    task_id: str
    token: str | None = Field(
        default=None,
        description="Reads and cancels this task, for a while, as far as the token that sent it may read and "
        "cancel. Absent where that one only sends, and where no token keys are set.",
    )
    urls: TaskUrls


def accepted_response(accepted: Accepted) -> Response:
    """202, with ``Location``. No cache may keep it: it holds a token."""
    return Response(
        accepted.model_dump_json(exclude_none=True),
        status_code=202,
        media_type="application/json",
        headers={"Location": accepted.urls.self, "Cache-Control": "no-store"},
    )
