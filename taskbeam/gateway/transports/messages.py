"""What a client says on a WebSocket: JSON objects with an ``op``. Pure parsing."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeGuard

from taskbeam.gateway import problems
from taskbeam.gateway.delivery.cursor import parse_cursor
from taskbeam.gateway.problems import TaskbeamError

if TYPE_CHECKING:
    from taskbeam.journal.events import EventId

#: Half of a character, which JSON can spell as an escape, and UTF-8 cannot.
_SURROGATE = re.compile("[\ud800-\udfff]")


def parse_message(text: str) -> dict[str, Any]:
    """Raises `TaskbeamError` ``bad_json``."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TaskbeamError(problems.BAD_JSON) from error
    if not isinstance(message, dict):
        raise TaskbeamError(problems.BAD_JSON)
    return message


def task_id_of(message: dict[str, Any]) -> str:
    """Raises `TaskbeamError` ``bad_request``."""
    task_id = message.get("task_id")
    if not is_text(task_id):
        raise TaskbeamError(problems.BAD_REQUEST, "task_id is to be a string.")
    return task_id


def cursor_of(message: dict[str, Any]) -> EventId | None:
    """Raises `TaskbeamError` ``bad_cursor``."""
    after = message.get("after")
    if after is None:
        return None
    if not isinstance(after, str) or not after:
        raise TaskbeamError(problems.BAD_CURSOR)
    return parse_cursor(after)


def is_text(value: object) -> TypeGuard[str]:
    """Whether it is a string that can be sent back."""
    return isinstance(value, str) and not _SURROGATE.search(value)
