"""How each kind of target is sent to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from taskbeam.notifications.ended import Ended
    from taskbeam.notifications.members import Message
    from taskbeam.notifications.outcome import Rules
    from taskbeam.notifications.target import Target


class Request(NamedTuple):
    """What is posted to a target's URL."""

    headers: dict[str, str]
    body: bytes


class Channel(NamedTuple):
    """One kind of target: what a try at a message is made of, and what the answers mean."""

    request: Callable[[Target, Message, Ended, datetime], Request]
    rules: Rules
