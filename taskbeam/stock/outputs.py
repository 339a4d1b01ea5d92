"""What the rules of placing.py ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from taskbeam.stock.answers import Position


@dataclass(frozen=True, slots=True)
class LookAt:
    """Look, in so many seconds."""

    pause: float = 0.0


@dataclass(frozen=True, slots=True)
class Append:
    """Append what was heard behind the position; `Placing.appended` is due.

    ``unsure``: the position is what a look found. Another gateway may be about to append what came before it,
    so where the journal went on otherwise, nothing is lost. ``missed``: behind a gap.
    """

    stored: bytes
    after: Position
    unsure: bool = False
    missed: bool = False


@dataclass(frozen=True, slots=True)
class Settled:
    """The journal has what Celery had stored: it may be read."""


Output: TypeAlias = LookAt | Append | Settled
