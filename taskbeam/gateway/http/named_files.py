"""Which files a task's events name: those that whoever may read the task may read, too. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PREFIX = "/files/"


def names(bodies: Iterable[bytes], path: str) -> bool:
    """Whether one of the events has the file's address in its ``result`` or ``data``, as a member ``…url``.

    Not anywhere: a text that a user wrote may be anything, and a task may repeat it.
    """
    address = PREFIX + path
    quick = json.dumps(address).encode()
    for body in bodies:
        if quick in body:
            event = json.loads(body)
            if address in _urls([event.get("result"), event.get("data")]):
                return True
    return False


def _urls(value: object) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _urls(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            if isinstance(each, str) and name.lower().endswith("url"):
                yield each
            else:
                yield from _urls(each)
