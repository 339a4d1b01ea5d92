"""What is told of a task, for the OpenAPI document; `asyncapi.yaml` has the same schemas, as a test sees.

The gateway forwards events as they were written, and never builds one of these.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from taskbeam.gateway.http.answer_body import AnswerBody
from taskbeam.journal.events import CURSOR

EXAMPLE: dict[str, Any] = {
    "id": "1763800000000-3",
    "task_id": "0b87d1a2-5f0c-4b0e-9d3a-6a3f0c1f9a11",
    "type": "progress",
    "state": "PROGRESS",
    "name": "reports.generate",
    "attempt": 1,
    "ts": 1763800000.123456,
    "final": False,
    "progress": {"current": 3, "total": 5, "percent": 60.0, "message": "Rendering charts"},
}

Cursor = Annotated[
    str,
    Field(
        pattern=f"^({CURSOR.pattern})$",
        description='`epoch-seq`; as a cursor it means "I have everything up to here".',
    ),
]


class TaskProgress(AnswerBody):
    """How far the task is."""

    current: float
    total: float | None = None
    percent: float | None = Field(default=None, ge=0, le=100)
    message: str | None = None


class TaskError(AnswerBody):
    """Why the task failed. Never an exception's text, unless its author made it public."""

    code: str = Field(description="Stable: what a program should look at. Applications add their own.")
    message: str
    ref: str = Field(description="The operator finds it in the log, beside the traceback.")


class TaskRetry(AnswerBody):
    """When the task runs again."""

    at: float = Field(description="Unix seconds.")
    delay: float = Field(ge=0, description="Seconds.")
    max: int | None = Field(description="The most retries; null: no limit.")


class TaskEstimate(AnswerBody):
    """Seconds from the event's `ts`."""

    start: float | None = Field(default=None, description="Until the task starts.")
    end: float | None = Field(default=None, description="Until the task ends.")
    spread: float | None = Field(default=None, ge=0, description="The average error of both.")


class TaskEvent(AnswerBody):
    """Something happened to a task. There may be more members: ignore those that you do not know."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: Cursor
    task_id: str = Field(description="Celery's id of the task.")
    type: Literal["state", "progress", "log", "data"] = Field(
        description="`state`: a transition. `log`: a line of text in `data`. `data`: a chunk that the task "
        "emits."
    )
    state: str = Field(
        description="Celery's state, or one of the task's own. `STALLED`: its worker is silent. `LOST`: "
        "nobody will deliver the task again."
    )
    name: str | None = Field(description="The task's name; null where no writer knew it.")
    attempt: int = Field(ge=1, description="1 for the first run; a retry or a redelivery adds 1.")
    ts: float = Field(description="Unix seconds by the writer's clock.")
    final: bool = Field(description="Nothing comes after this event.")
    progress: TaskProgress | None = None
    result: Any = Field(default=None, description="With SUCCESS.")
    result_omitted: Literal[True] | None = Field(
        default=None, description="Instead of a result that has no JSON form or is larger than 256 KiB."
    )
    error: TaskError | None = None
    cancel: Literal["requested"] | None = Field(
        default=None, description="Somebody asked the running task to stop."
    )
    requeued: Literal[True] | None = Field(
        default=None,
        description="With PENDING: the task rejected its message, and the broker delivers it again.",
    )
    replaced: Literal[True] | None = Field(
        default=None,
        description="With PENDING: the task replaced itself with another one, which continues under its id.",
    )
    waiting: Literal["dependency", "no_consumer"] | None = Field(
        default=None,
        description="With PENDING. `dependency`: the task is sent when the ones before it have succeeded. "
        "`no_consumer`: no live worker consumes the task's queue.",
    )
    retry: TaskRetry | None = None
    eta: str | None = Field(
        default=None,
        description="With PENDING: the earliest start (ISO 8601).",
        json_schema_extra={"format": "date-time"},
    )
    ahead: int | None = Field(
        default=None, ge=0, description="With PENDING: how many tasks of its queue are before it."
    )
    estimate: TaskEstimate | None = None
    data: Any = Field(
        default=None,
        description="Of a `log` or `data` event, and what a custom state's meta had beside progress.",
    )
    data_omitted: Literal[True] | None = Field(
        default=None, description="Instead of data that has no JSON form or is larger than 256 KiB."
    )


class GapReason(AnswerBody):
    """What is missing, and why."""

    after: Cursor
    reason: Literal["trimmed", "epoch"] = Field(
        description="`trimmed`: the log no longer reaches back to the cursor. `epoch`: the cursor belongs to "
        "an earlier life of the journal."
    )


class TaskGap(AnswerBody):
    """Events are missing before the next one. `snapshot` is the newest event with the task's state."""

    id: Cursor
    task_id: str = Field(description="Celery's id of the task.")
    type: Literal["gap"]
    final: Literal[False]
    gap: GapReason
    snapshot: TaskEvent


class TaskSnapshot(TaskEvent):
    """The newest event with the task's state."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [EXAMPLE | {"last_event_id": "1763800000000-3"}]}
    )

    last_event_id: Cursor


class TaskEvents(AnswerBody):
    """The events after a cursor."""

    events: list[Annotated[TaskEvent | TaskGap, Field(discriminator="type")]]
    last_event_id: Cursor
    final: bool = Field(description="Nothing comes after these events.")


#: Of `text/event-stream` OpenAPI 3.1 describes each event, and not the whole.
STREAM: dict[str, Any] = {
    "schema": {
        "title": "ServerSentEvent",
        "description": "An event of the stream (HTML standard, 9.2).",
        "type": "object",
        "required": ["data"],
        "properties": {
            "data": {
                "description": "A `TaskEvent` or a `TaskGap`; of an event `problem`, why the stream ends "
                "before the task.",
                "type": "string",
                "contentMediaType": "application/json",
            },
            "id": {
                "description": "The cursor; absent from an event `problem`.",
                "type": "string",
                "pattern": f"^({CURSOR.pattern})$",
            },
            "event": {
                "description": "Absent from all others, which are therefore of the type `message`.",
                "type": "string",
                "enum": ["message", "problem"],
            },
            "retry": {
                "description": "Milliseconds until the client is to reconnect.",
                "type": "integer",
                "minimum": 0,
            },
        },
    },
    "example": {"data": json.dumps(EXAMPLE), "id": EXAMPLE["id"]},
}
