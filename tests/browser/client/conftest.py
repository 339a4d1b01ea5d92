"""A gateway on a Valkey of its own, a proxy before it, and journals that a test writes itself."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.support.chromium import patient, sleepy
from tests.support.gateway import ROOT, Gateway, gateway
from tests.support.journal import Journals
from tests.support.proxy import Proxy
from tests.support.site import site
from tests.support.tokens import TOKENS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

    from stack.valkey import Valkey

#: Follows the task of its name to the end.
WORKER = """
import { watch } from "./client/index.js";
const events = [];
for await (const event of watch(self.name, { baseUrl: location.origin })) events.push(event);
postMessage(events);
"""


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client, an empty page to use it from, and a worker that does."""
    folder = tmp_path_factory.mktemp("frontend")
    shutil.copytree(ROOT / "frontend" / "client", folder / "client")
    (folder / "index.html").write_text("<!doctype html><title>empty</title><link rel=icon href='data:,'>")
    (folder / "worker.js").write_text(WORKER)
    return folder


@pytest.fixture(scope="package")
def elsewhere(folder: Path) -> Iterator[str]:
    """Another site, which the gateway allows."""
    with site(folder) as origin:
        yield origin


@pytest.fixture(scope="package")
def served(valkey: Valkey, folder: Path, elsewhere: str) -> Iterator[Gateway]:
    """A gateway that serves the client."""
    allowed = f'["{elsewhere}"]'
    with gateway(valkey.url().removesuffix("/0"), frontend_dir=folder, allowed_origins=allowed) as running:
        yield running


@pytest.fixture(scope="package")
def guarded(valkey: Valkey, folder: Path) -> Iterator[Gateway]:
    """The same, and it asks for tokens."""
    with gateway(valkey.url().removesuffix("/0"), frontend_dir=folder, **TOKENS) as running:
        yield running


@pytest.fixture
def proxy(served: Gateway) -> Iterator[Proxy]:
    with Proxy(served.port) as running:
        yield running


@pytest.fixture(scope="package")
def journals(valkey: Valkey) -> Iterator[Journals]:
    with Journals(valkey.url(1)) as found:
        yield found


@pytest.fixture
def profile(browser: Browser) -> Iterator[BrowserContext]:
    """A browser's profile, whose tabs share; an exception that no page's script catches fails the test."""
    context = patient(browser.new_context())
    faults: list[str] = []
    context.on("weberror", lambda error: faults.append(str(error.error)))
    yield context
    context.close()
    assert faults == []


@pytest.fixture(scope="package")
def sleepers(browser: Browser) -> Iterator[BrowserContext]:
    """A profile whose tabs can be frozen, and are kept when one leaves them."""
    with sleepy(browser) as context:
        yield context


@pytest.fixture
def sleeper(sleepers: BrowserContext, proxy: Proxy) -> Iterator[Page]:
    """A tab that can be frozen, with an empty page behind the proxy."""
    page = sleepers.new_page()
    page.goto(proxy.http)
    yield page
    page.close()


@pytest.fixture
def tab(profile: BrowserContext, proxy: Proxy) -> Page:
    """A tab with an empty page behind the proxy."""
    page = profile.new_page()
    page.goto(proxy.http)
    return page
