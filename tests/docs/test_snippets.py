"""What people copy from the documents is safe."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "frontend" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

#: An address straight from a result, which is the task's word: it may be `javascript:`.
_UNSEEN = re.compile(r"\.(?:href|src)\s*=\s*\w*\.?(?:event|result|data)\b|(?:innerHTML|outerHTML)\s*=")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_snippet_believes_a_result(page: Path) -> None:
    assert _UNSEEN.findall(page.read_text(encoding="utf-8")) == []
