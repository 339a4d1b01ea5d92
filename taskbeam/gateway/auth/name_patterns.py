"""Which names somebody may use: each spelt out, or by its beginning."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from taskbeam.journal.labels import label
from taskbeam.notifications.task_pattern import fits

#: Which owners, as labels are written.
OwnerPattern = Annotated[str, AfterValidator(label)]


def allows(patterns: tuple[str, ...] | None, name: str) -> bool:
    """Whether one of the patterns, of which some end in ``*``, is this name; None allows all."""
    return patterns is None or any(fits(each, name) for each in patterns)
