"""Text as words and marks, and back again. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Before the first word of a paragraph, and behind its last.
BOUNDARY = ""

_TOKEN = re.compile(r"[\w$/{}][\w$/{}'’.:=-]*[\w$/{}]|\w|[.,;:!?]")

#: Marks, which stand at the word before them.
_MARKS = frozenset(".,;:!?")


def split(paragraph: str) -> list[str]:
    """The words and marks of a paragraph, between boundaries; what is neither is left out."""
    return [BOUNDARY, BOUNDARY, *_TOKEN.findall(paragraph), BOUNDARY]


def spaced(tokens: Iterator[str]) -> Iterator[str]:
    """The tokens as pieces of text, one each: a boundary begins a new paragraph."""
    before = BOUNDARY
    for token in tokens:
        if token == BOUNDARY:
            yield "\n\n"
        elif before == BOUNDARY or token in _MARKS:
            yield token
        else:
            yield " " + token
        before = token
