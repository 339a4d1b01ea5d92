"""The answers about tasks as JSON Schema. The events are those of `asyncapi.yaml`: a test compares them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Schema = dict[str, Any]

CURSOR: Schema = {"type": "string", "pattern": "^[0-9]+-[0-9]+$"}

#: Members of an event: of these, those above `progress` are always there.
EVENT_MEMBERS: Schema = {
    "id": CURSOR,
    "task_id": {"type": "string"},
    "type": {"enum": ["state", "progress", "log", "data"]},
    "state": {"type": "string", "minLength": 1},
    "name": {"type": ["string", "null"]},
    "attempt": {"type": "integer", "minimum": 1},
    "ts": {"type": "number"},
    "final": {"type": "boolean"},
    "progress": {
        "type": "object",
        "required": ["current"],
        "properties": {
            "current": {"type": "number"},
            "total": {"type": "number"},
            "percent": {"type": "number", "minimum": 0, "maximum": 100},
            "message": {"type": "string"},
        },
    },
    "result": {},
    "result_omitted": {"const": True},
    "data_omitted": {"const": True},
    "error": {
        "type": "object",
        "required": ["code", "message", "ref"],
        "properties": {
            "code": {"type": "string"},
            "message": {"type": "string"},
            "ref": {"type": "string"},
        },
    },
    "retry": {
        "type": "object",
        "required": ["at", "delay", "max"],
        "properties": {
            "at": {"type": "number"},
            "delay": {"type": "number", "minimum": 0},
            "max": {"type": ["integer", "null"]},
        },
    },
    "cancel": {"const": "requested"},
    "requeued": {"const": True},
    "replaced": {"const": True},
    "eta": {"type": "string"},
    "ahead": {"type": "integer", "minimum": 0},
    "waiting": {"enum": ["no_consumer", "dependency"]},
    "estimate": {
        "type": "object",
        "properties": {
            "start": {"type": "number"},
            "end": {"type": "number"},
            "spread": {"type": "number", "minimum": 0},
        },
    },
    "data": {},
}

ALWAYS = ["id", "task_id", "type", "state", "name", "attempt", "ts", "final"]

#: ``op`` tells an answer on a socket for many tasks from an event.
EVENT: Schema = {
    "type": "object",
    "required": ALWAYS,
    "not": {"required": ["op"]},
    "properties": EVENT_MEMBERS,
}

GAP: Schema = {
    "type": "object",
    "required": ["id", "task_id", "type", "final", "gap", "snapshot"],
    "properties": {
        "id": CURSOR,
        "task_id": {"type": "string"},
        "type": {"const": "gap"},
        "final": {"const": False},
        "gap": {
            "type": "object",
            "required": ["after", "reason"],
            "properties": {"after": CURSOR, "reason": {"enum": ["trimmed", "epoch"]}},
        },
        "snapshot": EVENT,
    },
}

SNAPSHOT: Schema = {
    "type": "object",
    "required": [*ALWAYS, "last_event_id"],
    "properties": EVENT_MEMBERS | {"last_event_id": CURSOR},
}

EVENTS: Schema = {
    "type": "object",
    "required": ["events", "last_event_id", "final"],
    "properties": {
        "events": {"type": "array", "items": {"oneOf": [EVENT, GAP]}},
        "last_event_id": CURSOR,
        "final": {"type": "boolean", "description": "Whether nothing comes after these."},
    },
}

#: The `data` of each event of the stream is an event, or a gap.
STREAM: Schema = {
    "description": "Server-Sent Events (HTML standard, 9.2), whose data is an event or a gap as JSON.",
}


def described(
    what: str, content: Mapping[str, Schema] | None = None, header: str | None = None
) -> dict[str, Any]:
    """A response in OpenAPI's words: the schema of its ``content`` by media type, and its ``header``."""
    response: dict[str, Any] = {"description": what}
    if content is not None:
        response["content"] = {media_type: {"schema": schema} for media_type, schema in content.items()}
    if header is not None:
        response["headers"] = {header: {"schema": {"type": "string"}}}
    return response
