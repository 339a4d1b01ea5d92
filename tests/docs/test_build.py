"""`make docs` builds without a warning; each link on its pages leads somewhere, and it has what is public."""

from __future__ import annotations

import subprocess
import sys
from html.parser import HTMLParser
from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest

from tests.support.gateway import ROOT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    argv = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "--quiet", "docs", str(folder)]
    built = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return folder


class Page(HTMLParser):
    """What a page links to, and what can be linked to in it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value and tag != "link":
                self.links.append(value)
            elif name == "id" and value:
                self.anchors.add(value)


class TestTheSite:
    def test_each_link_leads_somewhere(self, site: Path) -> None:
        pages = {path: Page(path) for path in site.rglob("*.html")}
        broken = [
            f"{path.relative_to(site)}: {link}"
            for path, page in pages.items()
            for link in page.links
            if not leads_somewhere(path, link, pages)
        ]
        assert len(pages) > 10
        assert broken == []

    @pytest.mark.parametrize(
        "package", ["taskbeam", "taskbeam.client", "taskbeam.gateway", "taskbeam.testing"]
    )
    def test_each_public_name_is_in_the_reference(self, site: Path, package: str) -> None:
        anchors = Page(site / "reference.html").anchors
        names = {f"{package}.{name}" for name in import_module(package).__all__ if not name.startswith("__")}
        assert names - anchors == set()

    def test_each_page_can_be_reached_from_the_first_one(self, site: Path) -> None:
        linked = {urlsplit(link).path for link in Page(site / "index.html").links}
        pages = {path.name for path in site.glob("*.html")}
        assert pages - linked - {"genindex.html", "py-modindex.html", "search.html", "index.html"} == set()


def leads_somewhere(path: Path, link: str, pages: dict[Path, Page]) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return parts.scheme in ("https", "http", "mailto", "data")
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not parts.fragment:
        return target.exists()
    return target in pages and unquote(parts.fragment) in pages[target].anchors | {""}
