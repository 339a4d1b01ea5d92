"""One line of what `taskbeam doctor` says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """``what`` was found about a subject, and what to ``do`` about it; nothing where all is well."""

    level: Level
    subject: str
    what: str
    do: str = ""


def ok(subject: str, what: str) -> Finding:
    """All is well."""
    return Finding(Level.OK, subject, what)


def warning(subject: str, what: str, do: str) -> Finding:
    """It works, and may surprise."""
    return Finding(Level.WARNING, subject, what, do)


def problem(subject: str, what: str, do: str) -> Finding:
    """It does not work, or loses something."""
    return Finding(Level.PROBLEM, subject, what, do)
