"""The answer to whoever asked for a job: its id, and where to follow it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


class TaskUrls(BaseModel):
    """Where to follow the task."""

    self: str
    events: str
    ws: str
    cancel: str


class Accepted(BaseModel):
    """The task was sent."""

    task_id: str
    urls: TaskUrls


def accepted(request: Request, response: Response, task_id: str) -> Accepted:
    """The body; the response gets its `Location`."""
    path = request.app.url_path_for
    urls = TaskUrls(
        self=path("snapshot", task_id=task_id),
        events=path("events", task_id=task_id),
        ws=path("one_task", task_id=task_id),
        cancel=path("cancel", task_id=task_id),
    )
    response.headers["Location"] = urls.self
    return Accepted(task_id=task_id, urls=urls)
