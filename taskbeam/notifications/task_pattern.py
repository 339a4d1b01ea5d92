"""Which tasks are meant: a name that is spelt out, or the beginning of names, such as ``reports.*``. Pure."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

#: Characters of a pattern.
LONGEST = 255


def fits(pattern: str, name: str) -> bool:
    """Whether a task of this name is meant; ``*`` means all of them."""
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def checked(pattern: str) -> str:
    """The same pattern.

    Raises `ValueError` for what somebody cannot have meant: it would fit nothing, and nobody would notice.
    """
    if not 0 < len(pattern) <= LONGEST or not pattern.isprintable() or pattern != pattern.strip():
        raise ValueError(f"is to be a line of 1 to {LONGEST} printable characters")
    if "*" in pattern[:-1]:
        raise ValueError("a star may stand at the end alone")
    return pattern


#: A pattern that somebody gives.
TaskPattern = Annotated[str, Field(min_length=1, max_length=LONGEST), AfterValidator(checked)]
