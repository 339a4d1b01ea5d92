"""Each link in each Markdown file leads somewhere; so does each path and module that the text names."""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser
from importlib.util import find_spec
from itertools import chain
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it import MarkdownIt

from tests.support.gateway import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from markdown_it.token import Token

#: Folders that hold what others wrote, or what was made.
FOREIGN = {"node_modules", "var", "dist", "build"}

#: These name what was, or what is elsewhere.
HISTORY = {"CHANGELOG.md"}

#: A path in this repository, as the text names it.
PATH = re.compile(
    r"(?:app|benchmarks|docs|frontend|stack|taskbeam|tests|worker)/(?:[\w./-]*/|[\w./-]*\.\w+)?"
)

MODULE = re.compile(r"python -m ([\w.]+)")


def markdown_files() -> list[Path]:
    return [
        path
        for path in sorted(ROOT.rglob("*.md"))
        if not any(part in FOREIGN or part.startswith(".") for part in path.relative_to(ROOT).parts[:-1])
    ]


@cache
def tokens(path: Path) -> list[Token]:
    """The page's blocks, and what is in their lines."""
    blocks = MarkdownIt("commonmark").enable("table").parse(path.read_text())
    return [token for block in blocks for token in (block, *(block.children or []))]


def links(path: Path) -> Iterator[str]:
    for token in tokens(path):
        for name in ("href", "src"):
            value = token.attrGet(name)
            if value is not None:
                yield str(value)
        if token.type in ("html_block", "html_inline"):
            yield from Html(token.content).links


class Html(HTMLParser):
    """What a piece of HTML links to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.links += [value for name, value in attrs if name in ("href", "src", "srcset") and value]


@cache
def anchors(path: Path) -> set[str]:
    """The headings, as GitHub and the site name them."""
    found: set[str] = set()
    for heading, line in zip(tokens(path), tokens(path)[1:], strict=False):
        if heading.type == "heading_open":
            text = "".join(child.content for child in line.children or [])
            slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            again = sum(
                each == slug or re.fullmatch(rf"{re.escape(slug)}-\d+", each) is not None for each in found
            )
            found.add(f"{slug}-{again}" if again else slug)
    return found


every_page = pytest.mark.parametrize("path", markdown_files(), ids=lambda path: str(path.relative_to(ROOT)))


@every_page
def test_each_link_leads_somewhere(path: Path) -> None:
    assert [link for link in links(path) if not leads_somewhere(path, link)] == []


def leads_somewhere(path: Path, link: str) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return parts.scheme in ("https", "http")
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not target.exists() or not target.is_relative_to(ROOT):
        return False
    return not parts.fragment or (target.suffix == ".md" and unquote(parts.fragment) in anchors(target))


@every_page
def test_each_path_that_is_named_exists(path: Path) -> None:
    if path.name in HISTORY:
        return
    code = [token.content for token in tokens(path) if token.type == "code_inline"]
    missing = [text for text in code if PATH.fullmatch(text) and not (ROOT / text).exists()]
    assert missing == []


@every_page
def test_each_module_that_is_run_exists(path: Path) -> None:
    if path.name in HISTORY:
        return
    code = [token.content for token in tokens(path) if token.type in ("code_inline", "code_block", "fence")]
    named = set(chain.from_iterable(MODULE.findall(text) for text in code))
    assert [name for name in named if find_spec(name) is None] == []
