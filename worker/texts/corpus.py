"""The prose of a folder of Markdown pages: paragraphs alone, without code, tables and marks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_MARKS = re.compile(r"[*`]+|^\s*(?:[-+]|\d+\.)\s+", re.MULTILINE)

#: What no paragraph of prose begins with: headings, tables, HTML, quotes and directives.
_NOT_PROSE = ("#", "|", "<", ">", "..", ":::", "![")


class NoTextError(LookupError):
    """There is nothing to learn from. Trying again will not help."""

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self.folder = folder

    def __str__(self) -> str:
        return f"There is no text in {self.folder}. Set TASKBEAM_TEXTS_DIR to a folder with Markdown pages."


def paragraphs(folder: Path) -> list[str]:
    """Those of all pages, in the order of their names. Raises NoTextError, and OSError (disk)."""
    found = [text for path in sorted(folder.glob("*.md")) for text in prose(path.read_text())]
    if not found:
        raise NoTextError(str(folder))
    return found


def prose(page: str) -> Iterator[str]:
    """The paragraphs of one page, each in one line."""
    for block in re.split(r"\n\s*\n", _FENCE.sub("", page)):
        if block.strip() and not block.lstrip().startswith(_NOT_PROSE):
            yield " ".join(_MARKS.sub("", _LINK.sub(r"\1", block)).split())
