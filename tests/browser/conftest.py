"""The whole of Taskbeam, as `make run` starts it, and a browser to look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stack.valkey import Valkey
from tests.support.chromium import chromium, notifying, patient
from tests.support.journal import Journals
from tests.support.results import emptied
from tests.support.whole import Whole, whole_on

from .gallery import Gallery, gallery

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page


# No longer than for this package: playwright keeps an event loop running, beside which no test may run one.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="package")
def notifying_browser(browser: Browser) -> Iterator[Browser]:
    """For what has to do with notifications."""
    with notifying(browser) as running:
        yield running


@pytest.fixture(scope="package")
def valkey() -> Iterator[Valkey]:
    """The folder's own: nobody else's clients, scripts, queues or keys are there."""
    with Valkey() as server:
        yield server


@pytest.fixture(scope="module")
def store() -> Iterator[Valkey]:
    """A Valkey of the site's own: its worker would run what other tests have left in theirs."""
    with Valkey() as server, emptied(server.url(1)):
        yield server


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, store: Valkey) -> Iterator[Whole]:
    """Worker and gateway with the sample jobs."""
    folder: Path = tmp_path_factory.mktemp("stack")
    with whole_on(store, folder) as running:
        yield running


@pytest.fixture(scope="module")
def journals(store: Valkey) -> Iterator[Journals]:
    """For tasks of the site that only a test tells of."""
    with Journals(store.url(1)) as found:
        yield found


@pytest.fixture(scope="module")
def served(valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    """Pages of the tests' own beside the modules, and tasks that only a test tells of."""
    with gallery(valkey, tmp_path_factory.mktemp("gallery") / "frontend") as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty tab of a new profile; an exception that no page's script catches fails the test."""
    yield from _page(browser)


@pytest.fixture
def notifying_page(notifying_browser: Browser) -> Iterator[Page]:
    """The same, which may ask to notify."""
    yield from _page(notifying_browser)


@pytest.fixture
def permitted(notifying_browser: Browser) -> Iterator[BrowserContext]:
    """A new profile whose user allows notifications."""
    context = patient(notifying_browser.new_context(permissions=["notifications"]))
    yield context
    context.close()


def _page(browser: Browser) -> Iterator[Page]:
    context = patient(browser.new_context())
    faults: list[str] = []
    context.on("weberror", lambda error: faults.append(str(error.error)))
    tab = context.new_page()
    yield tab
    context.close()
    assert faults == []
