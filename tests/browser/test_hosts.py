"""The examples in `frontend/examples/`: each starts a real task, and shows it to its end, in Chromium."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.gateway import ROOT
from tests.support.site import site

from .examples import make_report, press_and_see, see, shop
from .visiting import quiet_visit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from stack.valkey import Valkey

NODE = Path(sys.executable).with_name("node")

#: Their paths on the shop's origin; the last is what Next does with its example, without Next.
HOSTS = ("react", "vue", "svelte", "htmx", "plain", "strict", "hydrated")

#: Where the page of another origin supposes the shop.
SUPPOSED = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the examples, built with the package as it is packed."""
    folder = tmp_path_factory.mktemp("hosts") / "examples"
    builder = [NODE, ROOT / "tests/frontend/hosts.js", folder]
    done = subprocess.run(builder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder


@pytest.fixture(scope="module")
def elsewhere(built: Path) -> Iterator[str]:
    """The origin of a page that is no good before it knows where the shop is."""
    with site(built / "elsewhere") as origin:
        yield origin


@pytest.fixture(scope="module")
def origin(built: Path, elsewhere: str, valkey: Valkey) -> Iterator[str]:
    with shop(built, valkey, elsewhere) as running:
        yield running


@pytest.mark.parametrize("host", HOSTS)
def test_a_report_is_made(page: Page, origin: str, host: str) -> None:
    with quiet_visit(page, origin):
        page.goto(f"{origin}/{host}/")
        press_and_see(page)


def test_a_page_of_another_origin(page: Page, origin: str, elsewhere: str, built: Path) -> None:
    index = built / "elsewhere/index.html"
    index.write_text(index.read_text().replace(SUPPOSED, origin))
    page.goto(f"{elsewhere}/#{make_report(origin)}")
    see(page)


def test_an_element_that_a_server_has_rendered(page: Page, origin: str, built: Path) -> None:
    """It is there before any script, and the script takes it as it is."""
    linked = built / "dist/hydrated/linked.html"
    assert '<task-progress task-id="TASK" base-url="/live"' in linked.read_text()
    linked.write_text(linked.read_text().replace("TASK", make_report(origin)))
    with quiet_visit(page, origin):
        page.goto(f"{origin}/hydrated/linked.html")
        see(page)
