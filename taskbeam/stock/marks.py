"""The marks of what was heard: how a gateway finds, among others, where what it hears belongs. No I/O.

A mark stands for the bytes of a result. The head of a journal has those of what was heard lately (see
hear/heard.lua), in the order of the journal. A gateway that joins hears the same, in the same order.
"""

from __future__ import annotations

import re
from hashlib import sha1
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

#: In a head's field ``heard``: `seq=mark;` each.
_MARK: Final = re.compile(r"=(\w+);")

#: In its place: whoever lost what it had heard was told so.
_GAP: Final = "gap"


def mark_of(stored: bytes) -> str:
    """What stands in the journal's head for a stored result."""
    return sha1(stored, usedforsecurity=False).hexdigest()[:10]


def marks_in(heard: str) -> tuple[str, ...]:
    """The newest marks of a head's field ``heard`` between which no gap was told, the newest last."""
    marks: list[str] = []
    after_gap = False
    for mark in _MARK.findall(heard):
        if mark == _GAP:
            after_gap = True
        else:
            marks = [mark] if after_gap else [*marks, mark]
            after_gap = False
    return tuple(marks)


def told_of(journal: Sequence[str], heard: Sequence[str]) -> list[int]:
    """How many of those ``heard`` the ``journal`` may have, counted from the first.

    Each number fits the end of the journal as far back as both go. Two of them fit where contents come again
    and again; none where the journal has not come as far yet, or never will.
    """
    fitting = []
    for count in range(1, len(heard) + 1):
        depth = min(count, len(journal))
        if depth and tuple(journal[-depth:]) == tuple(heard[count - depth : count]):
            fitting.append(count)
    return fitting
