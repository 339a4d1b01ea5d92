"""What the scripts answer of one task: how Celery's result and the journal stand, and what was appended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple


class Position(NamedTuple):
    """Where a journal ends, or ended: ``epoch`` is empty where there is none."""

    epoch: str = ""
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Look:
    """What a look has found. ``value`` is empty where nothing is stored.

    ``marks``: those of what was heard lately, the newest last; empty where nothing was.
    """

    value: bytes
    others: int
    end: Position
    marks: tuple[str, ...]
    ours: bool


class Verdict(Enum):
    """What the script did; see hear/heard.lua."""

    APPENDED = "appended"
    REPEATED = "repeated"
    ELSEWHERE = "elsewhere"
    OURS = "ours"


class Answer(NamedTuple):
    """What the script did, and where the event is, or the journal ends."""

    verdict: Verdict
    at: Position
