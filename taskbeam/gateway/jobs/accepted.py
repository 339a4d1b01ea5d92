"""The answer to whoever asked for a job: its id, a token to follow it with, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from taskbeam.gateway.auth.identity import FOLLOW, Identity

if TYPE_CHECKING:
    from fastapi import Request, Response

    from taskbeam.gateway.auth.senders import Sender
    from taskbeam.gateway.gateway import Gateway


class TaskUrls(BaseModel):
    """Where to follow the task."""

    self: str
    events: str
    ws: str
    cancel: str


class Accepted(BaseModel):
    """The task was sent."""

    task_id: str
    token: str = Field(description="Reads and cancels this task, for a while.")
    urls: TaskUrls


def accepted(
    request: Request, response: Response, gateway: Gateway, sender: Sender, task_id: str
) -> Accepted:
    """The answer to whoever sent the task; also sets ``Location``."""
    urls = TaskUrls(
        self=request.app.url_path_for("snapshot", task_id=task_id),
        events=request.app.url_path_for("events", task_id=task_id),
        ws=request.app.url_path_for("one_task", task_id=task_id),
        cancel=request.app.url_path_for("cancel", task_id=task_id),
    )
    response.headers["Location"] = urls.self
    # It holds a token.
    response.headers["Cache-Control"] = "no-store"
    token = gateway.guard.tokens.issue(Identity(subject=sender.owner, scopes=FOLLOW, tasks=(task_id,)))
    return Accepted(task_id=task_id, token=token, urls=urls)
