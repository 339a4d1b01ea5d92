"""Which names somebody may use: each spelt out, or by its beginning."""

from __future__ import annotations

from taskbeam.notifications.task_pattern import fits


def allows(patterns: tuple[str, ...] | None, name: str) -> bool:
    """Whether one of the patterns, of which some end in ``*``, is this name; None allows all."""
    return patterns is None or any(fits(each, name) for each in patterns)
