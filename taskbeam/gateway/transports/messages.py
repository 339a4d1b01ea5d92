"""What a client says on a WebSocket: JSON objects with an ``op``. Pure parsing."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeGuard

from taskbeam.gateway import problems
from taskbeam.gateway.delivery.part import PartAsked
from taskbeam.gateway.http.paths import has_address
from taskbeam.gateway.problems import TaskbeamError
from taskbeam.gateway.transports.topics import FeedTopic, TaskTopic

if TYPE_CHECKING:
    from taskbeam.gateway.delivery.part import Part
    from taskbeam.gateway.transports.topics import Topic

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


def topic_of(message: dict[str, Any]) -> Topic:
    """What the message is about; raises `TaskbeamError` ``bad_request``."""
    if "feed" in message:
        return _feed_of(message)
    task_id = message.get("task_id")
    if not _is_text(task_id):
        raise TaskbeamError(problems.BAD_REQUEST, "task_id is to be a string.")
    if not has_address(task_id):
        raise TaskbeamError(problems.BAD_REQUEST, "A task whose id has a slash cannot be followed.")
    return TaskTopic(task_id)


def _feed_of(message: dict[str, Any]) -> FeedTopic:
    if "task_id" in message:
        raise TaskbeamError(problems.BAD_REQUEST, "A message is about a task_id or about a feed.")
    name = message["feed"]
    if not _is_text(name):
        raise TaskbeamError(problems.BAD_REQUEST, "feed is to be a string.")
    return FeedTopic(name)


def is_about_a_topic(message: dict[str, Any]) -> bool:
    """Whether it names a task or a feed, and not the socket as a whole."""
    return "task_id" in message or "feed" in message


def names_in(message: dict[str, Any]) -> dict[str, str]:
    """The members by which it says what it is about, for an answer to a message that may be wrong."""
    return {member: message[member] for member in ("task_id", "feed") if _is_text(message.get(member))}


def part_of(message: dict[str, Any]) -> Part:
    """What it asks for; raises `TaskbeamError` ``bad_cursor`` and ``invalid_request``."""
    after = message.get("after")
    if after is not None and (not isinstance(after, str) or not after):
        raise TaskbeamError(problems.BAD_CURSOR)
    return PartAsked(after, message.get("types"), message.get("states"), message.get("tail")).parse()


def _is_text(value: object) -> TypeGuard[str]:
    """Whether it is a string that can be sent back."""
    return isinstance(value, str) and not _SURROGATE.search(value)
