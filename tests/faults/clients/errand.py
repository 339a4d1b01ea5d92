"""What one connection of a client is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .wire import Pace


@dataclass(frozen=True)
class Errand:
    """Which task, from which cursor on (empty: from the beginning), at which of this machine's ports."""

    port: int
    task_id: str
    cursor: str
    headers: Sequence[str]
    pace: Pace
