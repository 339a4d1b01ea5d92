"""What is told of a feed, for the OpenAPI document. The gateway forwards it as it was written."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from taskbeam.gateway.http.answer_body import AnswerBody
from taskbeam.gateway.http.event_models import EXAMPLE as TASK_EXAMPLE
from taskbeam.gateway.http.event_models import STREAM as TASK_STREAM
from taskbeam.gateway.http.event_models import Cursor, GapReason, TaskEvent

_ROLLUP: dict[str, Any] = {"total": 3, "open": 1, "waiting": 0, "done": {"SUCCESS": 2}}

EXAMPLE: dict[str, Any] = {
    "id": "1763800000000-17",
    "feed": "owner:ada",
    "type": "task",
    "event": TASK_EXAMPLE,
    "rollup": _ROLLUP,
}

Name = Annotated[str, Field(description="The feed's name.")]


class Rollup(AnswerBody):
    """How the feed's tasks stand."""

    total: int = Field(ge=0, description="Tasks that the feed has.")
    open: int = Field(ge=0, description="Those that have not ended.")
    waiting: int = Field(ge=0, description="Those of them that are PENDING.")
    done: dict[str, int] = Field(description="How many ended in which state; states without any are absent.")
    size: int | None = Field(
        None, ge=0, description="Members that a group will have; absent while its sender is sending."
    )
    permille: int | None = Field(None, ge=0, le=1000, description="How much of a group or a tree is done.")
    final: bool | None = Field(None, description="Whether a group or a tree has ended.")


class FeedEvent(AnswerBody):
    """What happened to one task of a feed; without `event`, to its roll-up. Only a transition has an `id`."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: Cursor | None = None
    feed: Name
    type: Literal["task", "rollup"]
    event: TaskEvent | None = None
    rollup: Rollup | None = None


class FeedGap(AnswerBody):
    """Events are missing before the next one: read the list anew."""

    id: Cursor
    feed: Name
    type: Literal["gap"]
    final: Literal[False]
    gap: GapReason
    snapshot: FeedEvent | None = Field(description="The feed's newest event; null where there is none.")


class FeedEvents(AnswerBody):
    """The numbered events after a cursor."""

    events: list[Annotated[FeedEvent | FeedGap, Field(discriminator="type")]]
    last_event_id: Cursor
    final: bool = Field(description="The feed has ended, and these are its last events.")


class FeedTasks(AnswerBody):
    """Tasks of a feed, the newest first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "feed": "owner:ada",
                    "tasks": [TASK_EXAMPLE],
                    "rollup": _ROLLUP,
                    "last_event_id": EXAMPLE["id"],
                    "next": 12,
                    "unread": 0,
                }
            ]
        }
    )

    feed: Name
    tasks: list[TaskEvent] = Field(description="The newest event of each that tells its state.")
    rollup: Rollup
    last_event_id: Cursor
    next: int | None = Field(description="`before` of the next page; null: there is none.")
    unread: int = Field(
        description="How many more tasks the page would have, if the servers of a cluster that have them "
        "had answered."
    )


#: As that of a task's stream.
STREAM: dict[str, Any] = {
    "schema": TASK_STREAM["schema"]
    | {
        "properties": TASK_STREAM["schema"]["properties"]
        | {
            "data": {
                "description": "A `FeedEvent` or a `FeedGap`; of an event `problem`, why the stream ends.",
                "type": "string",
                "contentMediaType": "application/json",
            }
        }
    },
    "example": {"data": json.dumps(EXAMPLE), "id": EXAMPLE["id"]},
}
