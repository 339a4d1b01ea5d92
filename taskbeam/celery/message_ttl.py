"""A task that may expire: its message stays in the queue until a worker says that it did.

For such a task Celery gives the message a time to live, and RabbitMQ drops the message when that is over. No
worker ever receives it, so nobody would hear that the task will not run. A broker on Redis has no such time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping


def stay_until_received(headers: Mapping[str, Any], properties: MutableMapping[str, Any]) -> None:
    """Take the time to live away that comes from the task's ``expires``; a worker reads that in the headers.

    Args:
        headers: those of the message.
        properties: those with which it is published.
    """
    if headers.get("expires") is not None:
        properties.pop("expiration", None)
