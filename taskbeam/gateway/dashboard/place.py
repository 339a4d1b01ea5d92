"""Where a task stands in the operators' list. No I/O."""

from __future__ import annotations

import re
from typing import NamedTuple, Self

_PLACE = re.compile(r"([0-9]{1,15})-(.{1,255})", re.ASCII | re.DOTALL)


class Place(NamedTuple):
    """When the task was sent (ms), and its id. Written ``ms-id``."""

    sent: int
    task_id: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises `ValueError` for anything else."""
        match = _PLACE.fullmatch(text)
        if match is None:
            raise ValueError("it is no `next` of a page")
        return cls(int(match[1]), match[2])

    def __str__(self) -> str:
        return f"{self.sent}-{self.task_id}"
