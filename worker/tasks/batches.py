"""`reports.batch(user_ids)`: a report for each of several users, as one group that is followed as a whole."""

from typing import Any

from celery import Celery, Task, group
from celery.utils.log import get_task_logger
from typing_extensions import TypedDict  # pydantic reads those of `typing` from Python 3.12 on

from taskbeam import Payloads, emit
from taskbeam.celery.labels import head_of

logger = get_task_logger(__name__)


class Begun(TypedDict):
    """What it says once the group is sent: its id."""

    group: str


class BatchResult(TypedDict):
    """What the caller gets: the id of the group, whose feed is `group:<id>`, and how many reports it has."""

    group: str
    reports: int


def register(app: Celery, generate: Task[Any, Any]) -> None:
    """Add the task to the app; `generate` is the task that makes one report."""

    @app.task(
        name="reports.batch",
        shared=False,  # else every other application in the process gets this one's task
        bind=True,
        taskbeam_payloads=Payloads(result=BatchResult, chunk=Begun),
    )
    def batch(self: Task[Any, Any], user_ids: list[int]) -> BatchResult:
        """Send the reports, which are the owner's of this task, and do not wait for them."""
        # The owner's name says to the gateway who may read the group's feed (app/accounts/ownership.py).
        owner = head_of(self.request).get("owner")
        group_id = f"{owner}~{self.request.id}" if owner else f"~{self.request.id}"
        logger.info("Batch %s of %s reports", group_id, len(user_ids))
        sent = group(generate.s(user_id=user_id) for user_id in user_ids).apply_async(task_id=group_id)
        emit(Begun(group=sent.id))
        return BatchResult(group=sent.id, reports=len(user_ids))
