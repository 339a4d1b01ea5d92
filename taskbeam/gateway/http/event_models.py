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


class TaskStep(AnswerBody):
    """A named part of what the task does."""

    name: str
    state: Literal["running", "done", "failed", "stopped"] = Field(
        description="`failed`: an exception left it. `stopped`: the task was cancelled, or is retried."
    )
    depth: int | None = Field(default=None, ge=1, description="How many steps are around it; absent for 0.")
    weight: float | None = Field(
        default=None, ge=0, le=100, description="Its share of what is around it, in percent."
    )
    percent: float | None = Field(default=None, ge=0, le=100)
    message: str | None = None
    began: float = Field(description="Unix seconds.")
    ended: float | None = Field(default=None, description="Unix seconds; absent while it is running.")


class TaskEvent(AnswerBody):
    """Something happened to a task. There may be more members: ignore those that you do not know."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: Cursor | None = None
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
    attempt: int | None = Field(
        default=None,
        ge=1,
        description="1 for the first run; a retry or a redelivery adds 1. Absent where a worker without "
        "Taskbeam does not tell.",
    )
    ts: float = Field(description="Unix seconds by the writer's clock.")
    final: bool = Field(description="Nothing comes after this event.")
    source: Literal["celery"] | None = Field(
        default=None, description="Heard of Celery's own result: the task's worker is without Taskbeam."
    )
    known: Literal[False] | None = Field(
        default=None,
        description="With `source`: Celery has stored nothing of the task, which may wait, or not exist. "
        "Such an event has no `id`.",
    )
    progress: TaskProgress | None = None
    result: Any = Field(
        default=None,
        description="With SUCCESS. Where the task has registered its type, `/schemas/{name}` describes it as "
        "`result`.",
    )
    result_omitted: Literal[True] | None = Field(
        default=None,
        description="Instead of a result that has no JSON form, is larger than 256 KiB, or is not of the "
        "type that the task has registered.",
    )
    error: TaskError | None = None
    cancel: Literal["requested"] | None = Field(
        default=None, description="Somebody asked the running task to stop."
    )
    dropped: int | None = Field(
        default=None,
        ge=1,
        description="How many `log`, `data` and `output` events were lost just before this one: Redis was "
        "away, and the worker's buffer was full.",
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
    steps: list[TaskStep] | None = Field(
        default=None, description="All steps of the run, in the order in which they began."
    )
    steps_omitted: int | None = Field(
        default=None, ge=1, description="How many that have ended are not in `steps`: it has the newest 50."
    )
    data: Any = Field(
        default=None,
        description="Of a `log` or `data` event, and what a custom state's meta had beside progress. Where "
        "the task has registered their types, `/schemas/{name}` describes them: that of `data` events as "
        "`chunk`, that of `state` and `progress` as `meta`.",
    )
    data_omitted: Literal[True] | None = Field(
        default=None,
        description="Instead of data that has no JSON form, is larger than 256 KiB, or is not of the type "
        "that the task has registered.",
    )
    files: list[str] | None = Field(
        default=None,
        description="Paths of the files that the task stored and names in `result` or `data`, where each is "
        "`/files/` and its path, percent-encoded. A client reads it at `/tasks/{task_id}/files/{path}`.",
    )
    files_omitted: Literal[True] | None = Field(
        default=None, description="Instead of paths that are larger than 256 KiB."
    )


class OutputText(AnswerBody):
    """A piece of the text that the attempt has written."""

    offset: int = Field(ge=0, description="Where it begins, in UTF-16 code units.")
    text: str
    omitted: int | None = Field(
        default=None,
        ge=1,
        description="How many units of the attempt's text are nowhere in it, up to the end of this event: "
        "there was no room for them.",
    )


class TaskOutput(AnswerBody):
    """Text that the task has written. Without `id`: all of the attempt's text so far; it moves no cursor."""

    id: Cursor | None = None
    task_id: str = Field(description="Celery's id of the task.")
    type: Literal["output"]
    state: str = Field(description="The task's; without `id` its newest one.")
    name: str | None = Field(description="The task's name; null where no writer knew it.")
    attempt: int = Field(ge=1, description="1 for the first run; a retry or a redelivery adds 1.")
    ts: float | None = Field(
        default=None, description="Unix seconds by the writer's clock; absent without `id`."
    )
    final: Literal[False]
    output: OutputText


class GapReason(AnswerBody):
    """What is missing, and why."""

    after: Cursor
    reason: Literal["trimmed", "epoch", "unheard"] = Field(
        description="`trimmed`: the log no longer reaches back to the cursor, or to the beginning for a "
        "client without one. `epoch`: the cursor belongs to an earlier life of the journal. `unheard`: no "
        "gateway heard what a worker without Taskbeam did meanwhile."
    )


class TaskGap(AnswerBody):
    """Events are missing before the next one. `snapshot` is the newest event with the task's state."""

    id: Cursor
    task_id: str = Field(description="Celery's id of the task.")
    type: Literal["gap"]
    final: Literal[False]
    source: Literal["celery"] | None = Field(
        default=None, description="The gap stands in the journal itself; its reason is `unheard`."
    )
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

    events: list[Annotated[TaskEvent | TaskOutput | TaskGap, Field(discriminator="type")]]
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
                "description": "A `TaskEvent`, `TaskOutput` or `TaskGap`; of an event `problem`, why the "
                'stream ends before the task; of an event `end`, `{"reason": "ended"}`.',
                "type": "string",
                "contentMediaType": "application/json",
            },
            "id": {
                "description": "The cursor; absent from a `problem`, an `end`, the text so far, and where "
                "`known` is false.",
                "type": "string",
                "pattern": f"^({CURSOR.pattern})$",
            },
            "event": {
                "description": "Absent from all others, which are therefore of the type `message`.",
                "type": "string",
                "enum": ["message", "problem", "end"],
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
