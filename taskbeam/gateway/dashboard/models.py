"""What operators are told of tasks, for the OpenAPI document."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from taskbeam.gateway.dashboard.rows import Kind
from taskbeam.gateway.http.answer_body import AnswerBody

_EXAMPLE: dict[str, Any] = {
    "id": "0b87d1a2-5f0c-4b0e-9d3a-6a3f0c1f9a11",
    "name": "reports.generate",
    "state": "FAILURE",
    "epoch": 1763800000000,
    "attempt": 1,
    "sent": 1763800000.0,
    "began": 1763800013.8,
    "ended": 1763800013.834,
    "ts": 1763800013.834,
    "waited": 13.8,
    "title": "Invoices of May",
    "owner": "ada",
    "tags": ["nightly"],
    "message": "The task failed.",
    "code": "task_failed",
    "ref": "4b332a9b",
    "exception": "ValueError: no such month",
    "worker": "celery@one",
}


class ListedTask(AnswerBody):
    """How a task stands. Times are in Unix seconds."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: str
    name: str = Field(description="`?` where nobody has told it.")
    state: str
    epoch: int | None = Field(None, description="Of its journal. One id may have several lives.")
    attempt: int = Field(ge=1)
    sent: float
    began: float | None = Field(None, description="When its newest run began.")
    ended: float | None = None
    ts: float = Field(description="Of its newest event.")
    waited: float | None = Field(None, ge=0, description="Seconds from sending to the first run.")
    percent: float | None = None
    message: str | None = Field(None, description="Of its progress or its error, cut after 200 characters.")
    code: str | None = Field(None, description="Of its error.")
    ref: str | None = Field(None, description="Of its error: what the log has.")
    exception: str | None = Field(None, description="What Celery has stored of it, in one line.")
    title: str | None = None
    owner: str | None = None
    tags: list[str] | None = None
    trace: str | None = Field(
        None, description="The `traceparent` of its run, or of the span it was sent in."
    )
    worker: str | None = Field(None, description="That runs it, or was seen running it.")


class Arguments(AnswerBody):
    """What the task was called with."""

    args: Any = Field(description="Positional ones: a list, or a text where they are no JSON.")
    kwargs: Any = Field(description="Those by name: an object, or a text where they are no JSON.")


class Elsewhere(AnswerBody):
    """Where else the task is told of."""

    log: str | None = Field(None, description="Its lines in the logs.")
    trace: str | None = Field(None, description="Its trace.")


class TaskDetails(ListedTask):
    """All that is known of one task."""

    arguments: Arguments | None = Field(
        None, description="With Celery's `result_extended`, once it has begun."
    )
    extended: bool = Field(description="Whether Celery has stored arguments, worker and queue.")
    queue: str | None = None
    traceback: str | None = None
    again_of: str | None = Field(None, description="The id of the task that this one repeats.")
    run_again_as: str | None = Field(None, description="The id of the newest task that repeats this one.")
    hidden: list[str] = Field(description="What the gateway's settings hide.")
    links: Elsewhere = Field(description="By `TASKBEAM_DASHBOARD_LOG_URL` and `…_TRACE_URL`.")


class FailureGroup(AnswerBody):
    """Failures of one task name with one error."""

    name: str
    code: str | None = None
    exception: str | None = Field(None, description="Its type.")
    message: str | None = Field(None, description="What the newest of them says.")
    count: int = Field(ge=1)
    last: float = Field(description="When the newest of them was sent, in Unix seconds.")
    task_id: str = Field(description="The newest of them.")


class FailureGroups(AnswerBody):
    """Failures, those of which there are most first."""

    groups: list[FailureGroup]
    complete: bool = Field(description="Whether all were looked at, and not only the newest 10,000.")


class ListedTasks(AnswerBody):
    """Tasks, the newest first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"tasks": [_EXAMPLE], "counts": {"failed": 1}, "next": None, "history": None}]
        }
    )

    tasks: list[ListedTask]
    counts: dict[Kind, int] = Field(description="How many tasks the list has of each kind, filtered or not.")
    next: str | None = Field(description="`before` of the next page; null: there is none.")
    history: Literal["read", "away"] | None = Field(
        description="Whether the history in SQL was read, too; null: none is kept."
    )
