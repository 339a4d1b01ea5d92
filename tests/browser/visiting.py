"""What every page is held to, whatever else is tested on it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.support.gateway import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

AXE = ROOT / "node_modules/axe-core/axe.min.js"

#: Of what goes over the network; the browser's own PDF viewer loads from chrome://.
SCHEMES = ("http", "https", "ws", "wss")


@contextmanager
def quiet_visit(page: Page, origin: str) -> Iterator[None]:
    """Fail afterwards if the console had an error, or if anything was asked of another origin."""
    errors: list[str] = []
    strangers: list[str] = []

    def asked(url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in SCHEMES and parts.netloc != urlsplit(origin).netloc:
            strangers.append(url)

    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: asked(request.url))
    page.on("websocket", lambda socket: asked(socket.url))
    yield
    assert not errors, errors
    assert not strangers, strangers


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong with the page as it is: each rule, with the elements that break it."""
    page.evaluate(AXE.read_text())
    # What the browser itself shows in a frame, a PDF for instance, is not ours.
    found: dict[str, Any] = page.evaluate("axe.run({ exclude: ['iframe'] }, { iframes: false })")
    return [
        f"{rule['id']}: {node['html']} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than the window."""
    width: int = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return width
